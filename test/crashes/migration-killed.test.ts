// A migration that is killed half-way, whoever is killed, has been applied as a whole or not at all: whatever one call does
// is one transaction. Running it again completes, and nothing of KanthorQ's is touched.
import { randomInt } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { migrate } from 'kanthorq-tasks'
import pg from 'pg'
import { startKillableServer, type KillableServer } from '../../scripts/server.ts'
import { createDatabase } from '../../scripts/throwaway-database.ts'
import { readMigrations } from '../../src/install/migrations.ts'
import {
  programs,
  sessionName,
  type Migrating,
  type Program,
  type Victim,
  type Way,
} from './migrating.ts'
import {
  buildStage,
  letRun,
  release,
  stageOf,
  stopAfter,
  untilStopped,
  type Stage,
} from './stage.ts'
import { times } from '../support/effort.ts'
import { seededRandom, type Random } from '../support/random.ts'
import { until } from '../support/until.ts'

const names = readMigrations().map(({ name }) => name)

let server: KillableServer
let url: string
let look: pg.Client
/** What the database is with so many migrations. */
const stages: Stage[] = []
/** How many steps it has from so many migrations to one more, and back; and how long all of them take. */
const steps = { up: [] as number[], down: [] as number[], milliseconds: 0 }

test.before(async () => {
  server = await startKillableServer()
  url = (await createDatabase(server.url)).url
  look = await connected(url)
  await buildStage(look)
  await letRun(look)
  for (const n of names.keys()) {
    stages[n] = await stageOf(look)
    await migrate({ database: url, count: 1 })
    steps.up[n] = await letRun(look)
  }
  stages.push(await stageOf(look))
  for (const n of [...names.keys()].reverse()) {
    await migrate({ database: url, direction: 'down' })
    steps.down[n] = await letRun(look)
  }
  const begun = performance.now()
  await migrate({ database: url })
  steps.milliseconds = Math.ceil(performance.now() - begun)
})

test.after.always(async () => {
  await look.end()
  await server.stop()
})

const kills: Record<Victim, (migrating: Migrating) => Promise<unknown>> = {
  'its session': terminate,
  'the server': async () => {
    await server.kill()
    await server.start()
    look = await connected(url)
  },
  itself: async ({ kill, ended }) => {
    kill()
    await ended
  },
}

for (const [name, program] of Object.entries(programs)) {
  const ways = program.ways(names.length)
  const count = times(2 * program.share)
  for (const victim of program.victims) {
    test.serial(`${name}, ${victim} killed at one of its steps`, async (t) => {
      const random = seeded(t)
      for (let n = 0; n < count; n++) {
        const way = random.pick(ways)
        // The last step is in the commit.
        const step = n === 0 ? stepsOf(way) - 1 : below(stepsOf(way), random)
        await attempt(t, program, way, victim, step)
      }
    })

    test.serial(`${name}, ${victim} killed at any moment`, async (t) => {
      const random = seeded(t)
      for (let n = 0; n < count; n++)
        await attempt(
          t,
          program,
          random.pick(ways),
          victim,
          undefined,
          below(steps.milliseconds, random),
        )
    })
  }
}

/** Has a migration killed, at a step or after so many milliseconds, checks what is left, and runs it again. */
async function attempt(
  t: ExecutionContext,
  program: Program,
  way: Way,
  victim: Victim,
  step?: number,
  milliseconds = 0,
): Promise<void> {
  await bring(way.from)
  if (step !== undefined) await stopAfter(look, step)
  const migrating = program.start(url, way)
  const early = migrating.ended.then((said) => {
    throw new Error(`it has ended before it could be killed: ${String(said)}`)
  })
  await Promise.race([step === undefined ? untilSession(true) : untilStopped(look), early])
  await delay(milliseconds)
  await kills[victim](migrating)
  const said = await migrating.ended
  await release(look)
  await untilSession(false)

  const where = `from ${way.from} to ${way.to}, step ${String(step)}, ${milliseconds} milliseconds`
  const now = await stageOf(look)
  // If only the program is killed, the server goes on with what it has been sent, and that may be the commit.
  const unknown = step === undefined || victim === 'itself'
  const done = said === undefined || (unknown && now.applied.length === way.to)
  t.deepEqual(now, stages[done ? way.to : way.from], where)
  if (!unknown) {
    t.regex(said ?? '', lostConnection, where)
    t.notRegex(said ?? '', /\n\s+at /, 'a stack trace')
  }

  await letRun(look)
  if (!done) t.is(await program.start(url, way).ended, undefined, where)
  t.deepEqual(await stageOf(look), stages[way.to], where)
}

const lostConnection =
  /terminating connection due to administrator command|connection (terminated |error|unexpectedly)|ECONNRESET/i

test.serial(
  'of an installation that was killed, an empty schema and empty books may be left',
  async (t) => {
    const { url: connectionString } = await createDatabase(server.url)
    const database = { connectionString, application_name: sessionName }
    const session = await connected(connectionString)
    await buildStage(session, { books: false })
    await letRun(session)
    const { rows } = await stageOf(session)
    await migrate({ database, schema: 'undisturbed' })
    const all = await letRun(session)

    // The schema is made first, then the books; then the transaction begins.
    for (const step of [0, 1, 1, 2, Math.floor(all / 2)]) {
      await stopAfter(session, step)
      const migrating = t.throwsAsync(migrate({ database, schema: 'queue' }))
      await untilStopped(session)
      await terminate()
      await migrating
      await release(session)
      t.deepEqual(
        await stageOf(session, 'queue'),
        { catalog: {}, applied: [], rows },
        `step ${step}`,
      )
    }
    await letRun(session)
    t.deepEqual(await migrate({ database, schema: 'queue' }), names)
    t.deepEqual(await stageOf(session, 'queue'), await stageOf(session, 'undisturbed'))
    await session.end()
  },
)

function terminate(): Promise<unknown> {
  const sessions = 'select pid from pg_stat_activity where application_name = $1'
  return look.query(`select pg_terminate_backend(pid) from (${sessions}) s`, [sessionName])
}

/** Migrates to so many migrations. */
async function bring(to: number): Promise<void> {
  const { applied } = await stageOf(look)
  const count = Math.abs(to - applied.length)
  const direction = applied.length < to ? 'up' : 'down'
  if (count > 0) await migrate({ database: url, direction, count })
}

function stepsOf({ from, to }: Way): number {
  const each = from < to ? steps.up.slice(from, to) : steps.down.slice(to, from)
  return each.reduce((sum, count) => sum + count, 0)
}

/** Waits until the session of a program is there, or gone. */
async function untilSession(there: boolean): Promise<void> {
  const sql = 'select from pg_stat_activity where application_name = $1'
  await until(
    async () => ((await look.query(sql, [sessionName])).rowCount === 1) === there,
    `the session of the program is ${there ? 'not' : 'still'} there`,
  )
}

async function connected(database: string): Promise<pg.Client> {
  const client = new pg.Client(database)
  client.on('error', () => undefined)
  await client.connect()
  return client
}

function seeded(t: ExecutionContext): Random {
  // To see a failure again, set it to what was printed.
  const seed = Number(process.env['KANTHORQ_TEST_SEED'] ?? randomInt(2 ** 31))
  t.log(`KANTHORQ_TEST_SEED=${seed}`)
  return seededRandom(seed)
}

function below(limit: number, random: Random): number {
  return random.pick([...Array(limit).keys()])
}
