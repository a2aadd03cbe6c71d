// A migration that is killed has been applied as a whole or not at all: everything that one call does is one transaction.
// Running it again completes it, and nothing of KanthorQ's is touched.
import test from 'ava'
import { migrate } from 'kanthorq-tasks/migrate'
import pg from 'pg'
import { startKillableServer, type KillableServer } from '../../scripts/server.ts'
import { createDatabase } from '../../scripts/throwaway-database.ts'
import { installFile } from '../../src/install/install-sql.ts'
import { readMigrations } from '../../src/install/migrations.ts'
import { times } from '../support/effort.ts'
import { seededRandom, seedOf } from '../support/random.ts'
import { runProgram } from '../support/run-program.ts'
import { until } from '../support/until.ts'
import { buildStage, letRun, stageOf, stopAfter, untilStopped, type Stage } from './stage.ts'

type Direction = 'up' | 'down'

const names = readMigrations().map(({ name }) => name)
/** The application_name of the session that migrates. */
const sessionName = 'migration'

let server: KillableServer
let url: string
let look: pg.Client
/** What the database is after all migrations in a direction, and how many steps they take. */
const ends = {} as Record<Direction, { stage: Stage; steps: number }>

test.before(async () => {
  server = await startKillableServer()
  url = (await createDatabase(server.url)).url
  look = await connected(url)
  await buildStage(look)
  await letRun(look)
  for (const direction of ['up', 'down'] as const) {
    await callMigrate(url, direction)
    ends[direction] = { steps: await letRun(look), stage: await stageOf(look) }
  }
})

test.after.always(async () => {
  await look.end()
  await server.stop()
})

/** Applies or takes back all migrations; the result is what it said when it failed. */
type Program = (database: string, direction: Direction) => Promise<string | undefined>

const callMigrate: Program = (connectionString, direction) =>
  migrate({
    database: { connectionString, application_name: sessionName },
    direction,
    count: names.length,
  }).then(
    () => undefined,
    (error: unknown) => String(error),
  )

const runPsql: Program = async (database) => {
  const args = [database, '-X', '-v', 'ON_ERROR_STOP=1', '-v', 'VERBOSITY=terse', '-f', '-']
  const env = { PGAPPNAME: sessionName }
  const { code, stderr } = await runProgram('psql', args, { env, input: installFile() })
  return code === 0 ? undefined : stderr
}

const programs: [name: string, Direction, Program][] = [
  ['migrate() up', 'up', callMigrate],
  ['migrate() down', 'down', callMigrate],
  ['psql with the SQL file', 'up', runPsql],
]

const kills: Record<string, () => Promise<unknown>> = {
  'its session': terminate,
  'the server': async () => {
    await server.kill()
    await server.start()
    look = await connected(url)
  },
}

for (const [name, direction, start] of programs) {
  for (const [victim, kill] of Object.entries(kills)) {
    test.serial(`${name}, ${victim} killed at one of its steps`, async (t) => {
      const random = seededRandom(seedOf(t))
      const { steps, stage } = ends[direction]
      const opposite = direction === 'up' ? 'down' : 'up'
      for (let n = 0; n < times(4); n++) {
        // The last step is in the commit.
        const step = n === 0 ? steps - 1 : random.pick([...Array(steps).keys()])
        await callMigrate(url, opposite)
        await stopAfter(look, step)
        const ended = start(url, direction)
        const early = ended.then((said) => {
          throw new Error(`it has ended before it could be killed: ${String(said)}`)
        })
        await Promise.race([untilStopped(look), early])
        await kill()
        const said = (await ended) ?? ''
        t.regex(said, lostConnection, `step ${step}`)
        t.notRegex(said, /\n\s+at /, 'a stack trace')
        await letRun(look)
        await untilGone()
        t.deepEqual(await stageOf(look), ends[opposite].stage, `step ${step}`)

        t.is(await start(url, direction), undefined, `step ${step}`)
        t.deepEqual(await stageOf(look), stage, `step ${step}`)
      }
    })
  }
}

const lostConnection =
  /terminating connection due to administrator command|connection (terminated |error|unexpectedly)|ECONNRESET/i

test.serial('an installation that was killed leaves not even its schema', async (t) => {
  const { url: connectionString } = await createDatabase(server.url)
  const database = { connectionString, application_name: sessionName }
  const session = await connected(connectionString)
  await buildStage(session)
  const { rows } = await stageOf(session)

  for (const step of [0, 1, 2, 10]) {
    await stopAfter(session, step)
    const migrating = t.throwsAsync(migrate({ database, schema: 'queue' }))
    await untilStopped(session)
    await terminate()
    await migrating
    await letRun(session)
    t.deepEqual((await session.query("select to_regnamespace('queue') as schema")).rows, [{ schema: null }], `step ${step}`)
    t.deepEqual((await stageOf(session)).rows, rows, `step ${step}`)
  }
  t.deepEqual(await migrate({ database, schema: 'queue' }), names)
  await migrate({ database, schema: 'undisturbed' })
  t.deepEqual(await stageOf(session, 'queue'), await stageOf(session, 'undisturbed'))
  await session.end()
})

function terminate(): Promise<unknown> {
  return look.query('select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1', [sessionName])
}

async function untilGone(): Promise<void> {
  const sql = 'select from pg_stat_activity where application_name = $1'
  await until(async () => (await look.query(sql, [sessionName])).rowCount === 0, 'the session of the migration is still there')
}

async function connected(database: string): Promise<pg.Client> {
  const client = new pg.Client(database)
  client.on('error', () => undefined)
  await client.connect()
  return client
}
