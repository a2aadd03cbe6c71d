// purge, without a terminal.
import test from 'ava'
import { useDatabase } from '../support/database.ts'
import { records } from '../support/command-line.ts'
import { makeConsumer, makeTasks } from '../support/scene.ts'
import { outcome, runOn } from './run.ts'

const db = useDatabase(test)
const run = runOn(db)

test('purge shows a preview, deletes tasks, then their events, and has no undo', async (t) => {
  const consumer = await makeConsumer(db, 'old')
  const ids = await makeTasks(db, consumer, ['completed', 'completed', 'discarded', 'completed'])
  await db.owner.query("select test.update('old', 'finalized_at = 5000')")
  await db.owner.query("update kanthorq_consumer_registry set cursor = $1 where name = 'old'", [ids[2]])

  const preview = await run('purge tasks old --before 2020-01-31 --dry-run')
  t.is(preview.code, 0)
  t.regex(
    preview.stdout,
    /^purge would delete 2 tasks of old of before 2020-01-31 .*\n {2}1 task would stay: old has not read the event\n$/,
  )
  t.deepEqual(records(await run('purge tasks old --before 2020-01-31 --state discarded --dry-run --json')), [
    { consumer, purged: 1, kept: {} },
  ])
  t.deepEqual(await run('purge tasks old --before 1970-01-01T00:00Z --yes'), outcome(3, '0 tasks of old deleted\n'))
  t.regex((await run('purge tasks old --before 1d')).stderr, /pass --yes/)
  t.deepEqual(await run('purge tasks old --before 1d --limit 1 --reason INC-44 --yes'), outcome(0, '1 task of old deleted\n'))
  const [result] = records(await run('purge tasks old --before 1d --yes --json'))
  t.like(result, { consumer, updated: 1, skipped: 0, complete: true })

  const events = records(await run('purge events old_stream --before 0s --dry-run --json'))
  t.deepEqual(events, [
    { stream: 'old_stream', purged: 2, kept: { 'old has not read it': 1, 'old has a task of it that is not completed': 1 } },
  ])
  t.deepEqual(await run('purge events old_stream --before 0s --yes'), outcome(0, '2 events of old_stream deleted\n'))
  t.regex((await run('log old_stream')).stdout, / purge events +1 +old_stream +2 /)
  const log = await run('log old --action purge --reason INC-44')
  t.regex(log.stdout, / purge +1 +old +1 +1 completed /)
  const [, id = ''] = /\n *(\d+) /.exec(log.stdout) ?? []
  t.regex((await run(`undo --bulk ${id} --yes`)).stderr, /is a purge\n/)
})
