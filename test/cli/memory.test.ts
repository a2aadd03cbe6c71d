// Lists fetch what they show: they live in a small heap, however large the rows are.
import test from 'ava'
import type { Operation, Task } from 'kanthorq-tasks'
import { kanthorqTasks, records } from '../support/command-line.ts'
import { useDatabase } from '../support/database.ts'
import { fillTable, makeConsumer, taskTable } from '../support/scene.ts'
import { openTerminal } from '../support/terminal.ts'

const db = useDatabase(test)
const env = () => ({ DATABASE_URL: db.url, NODE_OPTIONS: '--max-old-space-size=96' })
const tasks = 120

let scene: Promise<void> | undefined
const makeScene = () => (scene ??= largeRows())

async function largeRows() {
  const consumer = await makeConsumer(db, 'large')
  await fillTable(db, consumer, tasks, ['retryable'])
  await db.owner.query(
    `update ${await taskTable(db, consumer)}
     set attempted_error = array[jsonb_build_object('error', repeat('x', 1000000))], metadata = '{}', schedule_at = 1000`,
  )
  await db.owner.query(
    `with moved as materialized (
       select array_agg(row('event_' || lpad(n::text, 26, '0'), 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)::kanthorq_task_change) as changes
       from generate_series(1, 60000) n
     )
     insert into kanthorq_task_operation
       (at, action, consumer, tasks, from_states, first_event_id, last_event_id, changes)
     select now(), 'cancel', 'large', 60000, '{"pending": 60000}', 'event_1', 'event_9', m.changes
     from moved m, generate_series(1, 15)`,
  )
}

for (const line of ['find large --ids --all', 'cancel large --state retryable --dry-run', 'log --limit 1 --json']) {
  test(`"${line}" over large rows lives in 96 MB`, async (t) => {
    await makeScene()
    const { code, stderr } = await kanthorqTasks(line.split(' '), { env: env() })
    t.is(code, 0, stderr)
  })
}

test('find --json lists all large rows, whole, over pages of a few megabytes', async (t) => {
  await makeScene()
  const found = await kanthorqTasks(['find', 'large', '--limit', '20', '--json'], { env: env() })
  t.is(found.code, 0, found.stderr)
  const listed = records<Task>(found)
  t.is(new Set(listed.map(({ eventId }) => eventId)).size, 20)
  t.true(listed.every(({ lastError }) => lastError?.length === 1_000_000))

  const logged = await kanthorqTasks(['log', 'large', '--all', '--json'], { env: env() })
  t.is(logged.code, 0, logged.stderr)
  const operations = records<Operation>(logged)
  t.is(operations.length, 15)
  t.true(operations.every(({ eventIds }) => eventIds.length === 60_000))
})

test('find on a terminal lives in it too', async (t) => {
  await makeScene()
  const { code, screen } = await openTerminal(t, ['find', 'large', '--all'], env()).end()
  t.is(code, 0)
  t.is(screen.split('\r\n').length, tasks + 2)
})
