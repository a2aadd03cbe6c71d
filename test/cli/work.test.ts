// publish and work, without a terminal.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import test, { type ExecutionContext } from 'ava'
import { useDatabase } from '../support/database.ts'
import { commandLine, kanthorqTasks, records } from '../support/command-line.ts'
import { makeConsumer, only, storedTasks } from '../support/scene.ts'
import { until } from '../support/until.ts'
import { outcome, runOn } from './run.ts'

const db = useDatabase(test)
const env = () => ({ DATABASE_URL: db.ownerUrl })
const work = (consumer: string, ...words: string[]) => kanthorqTasks(['work', consumer, ...words], { env: env() })

/** As the database writes it. JavaScript would round the number. */
const metadata = '{"n": 12345678901234567890}'

/** Publishes events with these bodies to the stream of a consumer. */
async function publish(consumer: string, ...bodies: string[]): Promise<string[]> {
  const published = await kanthorqTasks(
    ['publish', `${consumer}_stream`, 'order.created', '--metadata', metadata, '--lines', '--json'],
    {
      env: env(),
      input: bodies.map((body) => `${body}\n`).join(''),
    },
  )
  return records<{ eventId: string }>(published).map(({ eventId }) => eventId)
}

/** Starts a worker whose command runs until it is ended. */
function start(t: ExecutionContext, consumer: string, ...options: string[]) {
  const [program, ...args] = commandLine([
    'work',
    consumer,
    '--json',
    ...options,
    '--',
    'sh',
    '-c',
    'echo begun >&2; exec sleep 1000',
  ])
  // A name of its own, for the test that cuts its connection and no other.
  const worker = spawn(program, args, { env: { ...process.env, ...env(), PGAPPNAME: `worker of ${consumer}` } })
  t.teardown(() => worker.kill('SIGKILL'))
  let printed = ''
  worker.stdout.on('data', (piece: Buffer) => (printed += piece.toString()))
  let notes = ''
  worker.stderr.on('data', (piece: Buffer) => (notes += piece.toString()))
  const ended = once(worker, 'close').then(([code]) => ({ code: code as number, results: printed.split('\n').slice(0, -1) }))
  const noted = (pattern: RegExp, times: number) =>
    until(() => Promise.resolve((notes.match(pattern)?.length ?? 0) >= times), `it does not say ${String(pattern)}`)
  return {
    kill: (signal: NodeJS.Signals) => worker.kill(signal),
    ended,
    begun: (times: number) => noted(/begun/g, times),
    stopping: () => noted(/stopping/g, 1),
    reported: () => until(() => Promise.resolve(printed.includes('\n')), 'it reports nothing'),
  }
}

/** The tasks of a consumer, once there are so many and the condition holds. */
function tasksOnce(consumer: string, number: number, holds: (leases: number[], states: string[]) => boolean) {
  return until(async () => {
    const tasks = [...(await storedTasks(db, consumer)).values()]
    const leases = tasks.map(({ schedule_at: lease }) => lease)
    const states = tasks.map(({ state }) => state)
    return tasks.length === number && holds(leases, states) && leases
  }, `${consumer} does not get there`)
}

test('publish takes a body from the command, from standard input, or from each line', async (t) => {
  await makeConsumer(db, 'published')
  const run = runOn({ url: db.ownerUrl })
  t.regex((await run('publish published_stream order.created body --metadata customer=42')).stdout, /^event_\w{26}\n$/)
  t.is((await run('publish published_stream order.paid - --metadata {"n":12345678901234567890}', 'a\nb\n')).code, 0)
  t.is((await publish('published', 'one', '', 'two')).length, 3)
  const stream = only(
    await db.owner.query<{ name: string }>(
      "select 'kanthorq_' || id as name from kanthorq_stream_registry where name = 'published_stream'",
    ),
  )
  const { rows } = await db.owner.query(
    `select subject, convert_from(body, 'UTF8') as body, metadata::text from ${stream.name} order by id`,
  )
  t.deepEqual(rows, [
    { subject: 'order.created', body: 'body', metadata: '{"customer": "42"}' },
    { subject: 'order.paid', body: 'a\nb\n', metadata: '{"n": 12345678901234567890}' },
    ...['one', '', 'two'].map((body) => ({ subject: 'order.created', body, metadata })),
  ])
  t.deepEqual(await run('publish published_stream order.paid --lines'), outcome(3, '', 'standard input has no lines\n'))
  t.is((await run('publish published_stream order.paid x --lines')).code, 2)
  t.is((await run('publish published_stream order..paid x')).code, 1)
})

test('work gives each task to a command, whose exit code decides', async (t) => {
  const consumer = await makeConsumer(db, 'worked')
  const ids = await publish(consumer, 'good', 'bad', 'late')
  const script = `read body; echo "$KANTHORQ_SUBJECT $KANTHORQ_METADATA $KANTHORQ_ATTEMPT/$KANTHORQ_ATTEMPT_MAX $body"
    case $body in bad) echo oops >&2; echo 'smtp: no route' >&2; exit 3;; late) exec sleep 1000;; esac`
  const run = await work(consumer, '--concurrency', '2', '--drain', '--timeout', '2s', '--', 'sh', '-c', script)
  t.is(run.code, 1)
  t.deepEqual(
    run.stdout.trimEnd().split('\n').sort(),
    ['bad', 'good', 'late'].map((body) => `order.created ${metadata} 0/3 ${body}`),
  )
  t.regex(run.stderr, /oops\nsmtp: no route\n/)
  t.regex(run.stderr, /1 task completed, 2 failed\n$/)
  const tasks = await storedTasks(db, consumer)
  t.deepEqual(
    ids.map((id) => [tasks.get(id)?.state, tasks.get(id)?.attempted_error[0]?.error]),
    [
      ['completed', undefined],
      ['retryable', 'smtp: no route'],
      ['retryable', 'timeout after 2000 ms'],
    ],
  )
  t.deepEqual(await work(consumer, '--drain', '--', 'true'), outcome(3, '', '0 tasks completed\n'))
})

test('work leaves alone what its filters do not match, and a command need not read the body', async (t) => {
  const consumer = await makeConsumer(db, 'picked')
  await publish(consumer, 'x'.repeat(1_000_000))
  const run = runOn({ url: db.ownerUrl })
  await run('publish picked_stream order.other x')
  const picked = await work(consumer, '--json', '--drain', '--subject', 'order.created', '--', 'true')
  t.deepEqual(
    records<{ subject: string; result: string }>(picked).map(({ subject, result }) => [subject, result]),
    [['order.created', 'completed']],
  )
})

test('a command that cannot be started costs no task an attempt', async (t) => {
  const consumer = await makeConsumer(db, 'absent')
  const [id = ''] = await publish(consumer, 'x')
  const run = await work(consumer, '--', './no-such-handler')
  t.is(run.code, 1)
  t.regex(run.stderr, /ENOENT/)
  t.like((await storedTasks(db, consumer)).get(id), { state: 'running', attempt_count: 0, attempted_error: [] })
})

test('work keeps its tasks, and ends the command of one that is cancelled', async (t) => {
  const consumer = await makeConsumer(db, 'kept')
  await db.owner.query("update kanthorq_consumer_registry set visibility_timeout = 1500 where name = 'kept'")
  const [id = ''] = await publish(consumer, 'x')
  const worker = start(t, consumer)
  const [first = 0] = await tasksOnce(consumer, 1, () => true)
  await tasksOnce(consumer, 1, ([lease = 0]) => lease > first)
  const cancel = await runOn({ url: db.ownerUrl })(`cancel kept ${id} --running`)
  t.is(cancel.code, 0)
  await worker.reported()
  worker.kill('SIGTERM')
  const { code, results } = await worker.ended
  t.is(code, 0)
  t.deepEqual(
    results.map((line) => (JSON.parse(line) as { result: string }).result),
    ['lost'],
  )
})

test('a second signal gives the tasks back', async (t) => {
  const consumer = await makeConsumer(db, 'stopped')
  await publish(consumer, 'x', 'y')
  const worker = start(t, consumer, '--concurrency', '2')
  const before = await tasksOnce(consumer, 2, (_, states) => states.every((state) => state === 'running'))
  await worker.begun(2)
  worker.kill('SIGINT')
  await worker.stopping()
  worker.kill('SIGINT')
  const { code, results } = await worker.ended
  t.is(code, 130)
  t.deepEqual(
    results.map((line) => (JSON.parse(line) as { result: string }).result),
    ['released', 'released'],
  )
  await tasksOnce(consumer, 2, (leases) => leases.every((lease, n) => lease < (before[n] ?? 0)))
})

test('work goes on after its connection was cut', async (t) => {
  const consumer = await makeConsumer(db, 'cut')
  const worker = start(t, consumer, '--timeout', '100ms')
  await publish(consumer, 'x')
  await tasksOnce(consumer, 1, (_, states) => states[0] === 'retryable')
  const cut = await db.owner.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and application_name = 'worker of cut'`,
  )
  t.true((cut.rowCount ?? 0) > 0)
  await publish(consumer, 'y')
  await tasksOnce(consumer, 2, (_, states) => states.every((state) => state === 'retryable'))
  worker.kill('SIGTERM')
  t.is((await worker.ended).code, 0)
})
