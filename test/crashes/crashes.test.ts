// Whatever puts an end to an operation, its transaction is there as a whole or not at all: each task is as the log says, what
// a client was told is still there, and calling again does the rest.
//
// A session is terminated, one server process is killed (which makes PostgreSQL end all others and recover), or all of them
// are killed at once. That proves that nothing depends on what only a process knew: what it had in memory, and what it had
// yet to do. It is no power cut: what was written but not yet synced is still in the operating system's cache. That a commit
// reaches the disk is PostgreSQL's promise, as long as fsync and synchronous_commit are on, as they are here.
import { randomInt } from 'node:crypto'
import test, { type ExecutionContext } from 'ava'
import { untilProcess } from '../support/bulk.ts'
import { useKillableDatabase } from './database.ts'
import { finish, startJobs, type Job } from './jobs.ts'
import { disagreements, heldLocks, loggedBy } from './ledger.ts'
import { anyMoment, moments, waitInCommit, type Moment } from './moments.ts'
import { batchSize, isBulk, makeField, type Field } from './work.ts'
import { times } from '../support/effort.ts'
import { seededRandom, type Random } from '../support/random.ts'
import { untilConnected } from '../support/until.ts'

const db = useKillableDatabase(test, waitInCommit)

interface Way {
  /** How often at any moment. */
  rounds: number
  stop: (jobs: readonly Job[], random: Random) => Promise<void>
}

const ways: Record<string, Way> = {
  'sessions are terminated': {
    rounds: times(3),
    stop: async (jobs) => {
      const pids = jobs.map(({ pid }) => pid)
      await db.owner.query('select pg_terminate_backend(pid) from unnest($1::int[]) pid', [pids])
    },
  },
  'a server process is killed': {
    rounds: times(3),
    stop: (jobs, random) => {
      process.kill(random.pick(jobs).pid, 'SIGKILL')
      return Promise.resolve()
    },
  },
  'the whole server is killed': { rounds: times(8), stop: () => db.crash() },
}

let rounds = 0

for (const [what, { rounds: count, stop }] of Object.entries(ways)) {
  for (const [when, moment] of Object.entries(moments))
    test.serial(`${what} ${when}`, (t) => round(t, stop, moment, 1))

  test.serial(`${what} at any moment`, async (t) => {
    // To see a failure again, set it to what was printed: the choices are the same then, though not how fast things go.
    const seed = Number(process.env['KANTHORQ_TEST_SEED'] ?? randomInt(2 ** 31))
    t.log(`${count} times, KANTHORQ_TEST_SEED=${seed}`)
    for (let n = 0; n < count; n++) await round(t, stop, anyMoment, seed + n)
  })
}

/** Starts the jobs, stops them all at a moment, checks what is left, and has what is left to do done. */
async function round(
  t: ExecutionContext,
  stop: Way['stop'],
  moment: Moment,
  seed: number,
): Promise<void> {
  // Each round has as long as all tests together may be silent.
  t.timeout(180_000)
  const name = `r${rounds++}`
  const random = seededRandom(seed)
  const fields = await Promise.all(moment.kinds.map((kind) => makeField(db, kind, name)))
  const crew = await startJobs(db, fields, { pause: moment.pause, seed })
  const { jobs } = crew

  const release = await moment.come(db, crew, random)
  await stop(jobs, random)
  for (const { ended } of jobs) t.regex(String(await ended), lostConnection)
  await untilConnected(db.url)
  await release()

  for (const job of jobs) {
    await untilProcess(db.owner, job.pid, 'gone')
    await checkTold(t, job, moment)
  }
  t.deepEqual(await heldLocks(db), [])
  await Promise.all(
    fields.map(async (field) => {
      await checkField(t, field)
      await complete(t, field, jobs, random)
    }),
  )
}

const lostConnection =
  /terminating connection due to administrator command|Connection terminated unexpectedly|not queryable|ECONNRESET|EPIPE/

/** What the job was told, its operations are, and at most one more that it could not be told of any more. */
async function checkTold(t: ExecutionContext, { name, told, field }: Job, moment: Moment) {
  const logged = await loggedBy(db, name)
  t.deepEqual(logged.slice(0, told.length), told, name)
  t.true(logged.length - told.length <= (moment.still ? 0 : 1), name)
  const { kind, ids } = field
  const whole = isBulk(kind) ? batchSize : ids.length
  if (kind !== 'shared') t.deepEqual(new Set(logged), new Set(logged.map(() => whole)), name)
}

async function checkField(t: ExecutionContext, { consumer, origin }: Field): Promise<void> {
  t.deepEqual(await disagreements(db, consumer, origin), [], consumer)
}

/** Calls it once more, and checks that all tasks are moved, and those of a procedure only once. */
async function complete(
  t: ExecutionContext,
  field: Field,
  jobs: readonly Job[],
  random: Random,
): Promise<void> {
  const { kind, consumer, ids } = field
  const own = jobs.filter((job) => job.field === field)
  const logged = (await Promise.all(own.map(({ name }) => loggedBy(db, name)))).flat()
  const moved = await finish(db, field, logged.length, random)
  const before = isBulk(kind) ? logged.reduce((sum, count) => sum + count, 0) : 0
  if (kind !== 'shared') t.is(before + moved, ids.length, consumer)
  await checkField(t, field)
}
