// cancel, resume and discard by a filter, without a terminal.
import test from 'ava'
import type { Operation, Preview } from 'kanthorq-tasks'
import { records } from '../support/command-line.ts'
import { useDatabase } from '../support/database.ts'
import { makeConsumer, makeTasks, statesOf, storedTasks } from '../support/scene.ts'
import { until } from '../support/until.ts'
import { outcome, runOn } from './run.ts'

const db = useDatabase(test)
const run = runOn(db)

test('--dry-run counts by state and subject, shows the first tasks, and changes nothing', async (t) => {
  const consumer = await makeConsumer(db, 'dry_filter')
  const ids = await makeTasks(db, consumer, ['pending', 'available', 'available', 'completed'])
  const shown = await run('cancel dry_filter --subject order.> --dry-run')
  t.like(shown, { code: 0, stderr: '' })
  t.regex(
    shown.stdout,
    /^cancel would take 3 tasks of dry_filter: 1 pending, 2 available\nleaves 1 completed alone: they are done\n\nTASKS {2}SUBJECT\n +3 {2}order.created\n\nEVENT ID .*\n(event_.*\n){3}\n$/,
  )

  const limited = 'cancel dry_filter --everything --limit 2 --dry-run'
  t.regex((await run(limited)).stdout, /^cancel would take 2 of the 3 tasks of dry_filter that match: 1 pending, 2 available\n/)
  const [preview] = records<Preview>(await run(`${limited} --json`))
  t.like(preview, { action: 'cancel', consumer, tasks: 2, matching: 3, leftOut: { completed: 1 } })
  t.deepEqual(
    await run('resume dry_filter --everything -n'),
    outcome(
      3,
      'resume would take none of the tasks of dry_filter\n' +
        'leaves 1 pending alone: they are not finished\n' +
        'leaves 2 available alone: they are not finished\n' +
        'leaves 1 completed alone: they are done\n',
    ),
  )
  t.deepEqual(await statesOf(db, consumer, ids), ['pending', 'available', 'available', 'completed'])
})

test('discard by filter takes exactly the stuck tasks', async (t) => {
  const consumer = await makeConsumer(db, 'stuck')
  const [running = ''] = await makeTasks(db, consumer, ['running'])
  await db.owner.query("select test.task('stuck', 'running', attempt_count => 4) from generate_series(1, 3)")
  t.is((await run('discard stuck --everything --yes')).stdout, '3 tasks discarded\n')
  t.deepEqual(await statesOf(db, consumer, [running]), ['running'])
})

test('a transition by filter obeys every option', async (t) => {
  const consumer = await makeConsumer(db, 'bulk')
  const ids = await makeTasks(db, consumer, ['cancelled', 'cancelled', 'discarded', 'cancelled'])
  const resume = await run(
    'resume bulk --state cancelled --limit 2 --batch-size 1 --yes --json ' +
      '--schedule-at 2100-01-01Z --spread 1h --reset-attempts --reason R',
  )
  t.is(resume.code, 0)
  const [result] = records<{ bulkId: string }>(resume)
  t.like(result, { action: 'resume', consumer, updated: 2, skipped: 0, complete: true })
  const tasks = await storedTasks(db, consumer)
  const due = ids.map((id) => tasks.get(id)?.schedule_at ?? 0).filter((at) => at > 1000)
  const start = Date.parse('2100-01-01Z')
  t.deepEqual(due, [start, start + 1_800_000])
  const log = async (args: string) => records<Operation>(await run(`log bulk --json ${args}`))
  t.like(await log('--reason R'), [{ id: result?.bulkId, tasks: 2, batches: 2 }])
  t.like(await log('--reason R --batches'), [{ tasks: 1 }, { tasks: 1 }])

  t.deepEqual(await run('cancel bulk --subject no.such -y'), outcome(3, '0 tasks cancelled\n'))
})

test('undo --bulk restores all batches of a call by filter, and tells what it left alone', async (t) => {
  const consumer = await makeConsumer(db, 'undone_bulk')
  const ids = await makeTasks(db, consumer, ['pending', 'available', 'retryable', 'pending'])
  const cancel = await run('cancel undone_bulk --everything --batch-size 2 --pause 0s --yes --json')
  const [{ bulkId } = { bulkId: '' }] = records<{ bulkId: string }>(cancel)
  await run(`resume undone_bulk ${ids[3] ?? ''}`)
  const preview = await run(`undo ${bulkId} --dry-run`)
  t.regex(
    preview.stdout,
    /^operation \d+: cancel of 4 tasks of undone_bulk in 2 batches, \d+ s ago\n {2}by \w+ with kanthorq-tasks\n {2}undo would put 3 tasks back: 1 pending, 1 available, 1 retryable\n {4}3 order\.created\n {2}leaves 1 alone: changed since\n$/,
  )
  t.deepEqual(
    await run(`undo --bulk ${bulkId} --reason slip --pause 0s --yes`),
    outcome(0, '3 tasks put back\n', '1 task left alone: changed since\n'),
  )
  t.deepEqual(await statesOf(db, consumer, ids), ['pending', 'available', 'retryable', 'running'])
  t.like(records(await run('log undone_bulk --reason slip --json')), [{ action: 'undo', undoes: bulkId, tasks: 3 }])
})

test('without a terminal the progress is a line now and then', async (t) => {
  await makeTasks(db, await makeConsumer(db, 'told'), ['pending', 'pending'])
  const { code, stdout, stderr } = await run('cancel told --everything --yes --batch-size 1 --pause 1100ms')
  t.deepEqual([code, stdout], [0, '2 tasks cancelled\n'])
  t.regex(stderr, /^(cancelled 1 .*\n)?cancelled 2 \d+\/s\n$/)
})

test('a call that loses its connection prints how far it came and how to continue, and ends with 1', async (t) => {
  const consumer = await makeConsumer(db, 'lost')
  await makeTasks(db, consumer, ['pending', 'pending'])
  // Directly to the server: PgBouncer would reconnect between two statements.
  const direct = runOn({ url: db.ownerUrl }, { PGAPPNAME: 'to be lost' })
  const running = direct('cancel lost --everything -y --batch-size 1 --pause 10s')
  await until(
    async () => [...(await storedTasks(db, consumer)).values()].some(({ state }) => state === 'cancelled'),
    'no task is cancelled',
  )
  await db.owner.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and application_name = 'to be lost'`,
  )
  const { code, stdout, stderr } = await running
  t.deepEqual([code, stdout], [1, ''])
  t.regex(
    stderr,
    /^stopped: 1 task cancelled. To continue:\n {2}kanthorq-tasks cancel lost .*\nthe connection was lost: terminating connection [^\n]+\n$/,
  )
})
