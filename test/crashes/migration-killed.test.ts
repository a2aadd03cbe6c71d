// A migration that is killed has been applied as a whole or not at all: everything that one call does is one transaction.
// Running it again completes it, and nothing of KanthorQ's is touched.
import test, { type ExecutionContext } from 'ava'
import { installSql, migrate } from 'kanthorq-tasks'
import pg from 'pg'
import { startKillableServer, type KillableServer } from '../../scripts/server.ts'
import { createDatabase } from '../../scripts/throwaway-database.ts'
import { readMigrations } from '../../src/install/migrations.ts'
import { times } from '../support/effort.ts'
import { seededRandom, seedOf } from '../support/random.ts'
import { runProgram } from '../support/run-program.ts'
import { until } from '../support/until.ts'
import { buildStage, letRun, stageOf, stopAfter, untilStopped, type Stage } from './stage.ts'

const names = readMigrations().map(({ name }) => name)
/** The application_name of the session that migrates. */
const sessionName = 'migration'

let server: KillableServer
let url: string
let look: pg.Client
/** What the database is with so many migrations. */
const stages: Stage[] = []
/** How many steps it is from so many migrations to one more, and back. */
const steps = { up: [] as number[], down: [] as number[] }

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
})

test.after.always(async () => {
  await look.end()
  await server.stop()
})

/** From how many migrations to how many. */
interface Way {
  from: number
  to: number
}

/** Starts a migration; the result is what it said when it failed. */
type Program = (database: string, way: Way) => Promise<string | undefined>

const callMigrate: Program = (connectionString, { from, to }) =>
  migrate({
    database: { connectionString, application_name: sessionName },
    direction: from < to ? 'up' : 'down',
    count: Math.abs(to - from),
  }).then(
    () => undefined,
    (error: unknown) => String(error),
  )

const runPsql: Program = async (database) => {
  const args = [database, '-X', '-v', 'ON_ERROR_STOP=1', '-v', 'VERBOSITY=terse', '-f', '-']
  const env = { PGAPPNAME: sessionName }
  const { code, stderr } = await runProgram('psql', args, { env, input: installSql() })
  return code === 0 ? undefined : stderr
}

const up = [...names.keys()].map((from) => ({ from, to: names.length }))
const down = up.map(({ from, to }) => ({ from: to, to: from }))
const programs: Record<string, { ways: Way[]; start: Program }> = {
  'migrate() up': { ways: up, start: callMigrate },
  'migrate() down': { ways: down, start: callMigrate },
  'psql with the SQL file': { ways: up, start: runPsql },
}

const kills: Record<string, () => Promise<unknown>> = {
  'its session': terminate,
  'the server': async () => {
    await server.kill()
    await server.start()
    look = await connected(url)
  },
}

for (const [name, { ways, start }] of Object.entries(programs)) {
  for (const [victim, kill] of Object.entries(kills)) {
    test.serial(`${name}, ${victim} killed at one of its steps`, async (t) => {
      const random = seededRandom(seedOf(t))
      for (let n = 0; n < times(4); n++) {
        const way = random.pick(ways)
        const count = stepsOf(way)
        // The last step is in the commit.
        const step = n === 0 ? count - 1 : random.pick([...Array(count).keys()])
        await attempt(t, start, way, kill, step)
      }
    })
  }
}

/** Has a migration killed at a step, checks what is left, and runs it again. */
async function attempt(
  t: ExecutionContext,
  start: Program,
  way: Way,
  kill: () => Promise<unknown>,
  step: number,
): Promise<void> {
  const where = `from ${way.from} to ${way.to}, step ${step}`
  const { length: current } = (await stageOf(look)).applied
  if (current !== way.from) await callMigrate(url, { from: current, to: way.from })
  await stopAfter(look, step)
  const ended = start(url, way)
  const early = ended.then((said) => {
    throw new Error(`it has ended before it could be killed: ${String(said)}`)
  })
  await Promise.race([untilStopped(look), early])
  await kill()
  const said = (await ended) ?? ''
  t.regex(said, lostConnection, where)
  t.notRegex(said, /\n\s+at /, 'a stack trace')
  await letRun(look)
  await untilGone()
  t.deepEqual(await stageOf(look), stages[way.from], where)

  t.is(await start(url, way), undefined, where)
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
    await buildStage(session, { watchTable: false })
    const { rows } = await stageOf(session)

    // The schema is made first, then the migrations table; then the transaction begins.
    for (const step of [0, 1, 2, 10]) {
      await stopAfter(session, step)
      const migrating = t.throwsAsync(migrate({ database, schema: 'queue' }))
      await untilStopped(session)
      await terminate()
      await migrating
      await letRun(session)
      const empty = { catalog: {}, applied: [], rows }
      t.deepEqual(await stageOf(session, 'queue'), empty, `step ${step}`)
    }
    t.deepEqual(await migrate({ database, schema: 'queue' }), names)
    await migrate({ database, schema: 'undisturbed' })
    t.deepEqual(await stageOf(session, 'queue'), await stageOf(session, 'undisturbed'))
    await session.end()
  },
)

function terminate(): Promise<unknown> {
  return look.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1',
    [sessionName],
  )
}

async function untilGone(): Promise<void> {
  const sql = 'select from pg_stat_activity where application_name = $1'
  await until(
    async () => (await look.query(sql, [sessionName])).rowCount === 0,
    'the session of the migration is still there',
  )
}

function stepsOf({ from, to }: Way): number {
  const each = from < to ? steps.up.slice(from, to) : steps.down.slice(to, from)
  return each.reduce((sum, count) => sum + count, 0)
}

async function connected(database: string): Promise<pg.Client> {
  const client = new pg.Client(database)
  client.on('error', () => undefined)
  await client.connect()
  return client
}
