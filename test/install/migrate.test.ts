import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { installSql, migrate } from 'kanthorq-tasks/migrate'
import { runner } from 'node-pg-migrate'
import pg from 'pg'
import { readMigrations } from '../../src/install/migrations.ts'
import { catalog } from '../support/catalog.ts'
import { connect, useServer } from '../support/empty-database.ts'
import { holdMigrations } from '../support/migration-lock.ts'
import { startPatientServer } from '../support/patient-server.ts'
import { ways } from './ways.ts'

const { emptyDatabase, role } = useServer(test)
const names = readMigrations().map(({ name }) => name)

/** Registers a consumer, and has a task that it gets cancelled. */
async function cancelOne(t: ExecutionContext, client: pg.Client, schema: string): Promise<void> {
  const s = pg.escapeIdentifier(schema)
  await client.query(`select ${s}.kanthorq_consumer_register('orders', 'send_email', '{>}')`)
  const { rows } = await client.query(
    `select cardinality(updated) as updated, noop from ${s}.kanthorq_task_cancel('send_email', array(
       select event_id from ${s}.kanthorq_task_convert(
         'send_email', array[${s}.kanthorq_stream_publish('orders', 'order.created', '')], 'available'
       )
     ))`,
  )
  t.deepEqual(rows, [{ updated: 1, noop: [] }])
}

for (const schema of ['queue', 'Schlange. 3,5']) {
  test(`the schema ${schema} is made when missing, and works under any search_path`, async (t) => {
    const { client, url } = await emptyDatabase(t)
    t.deepEqual(await migrate({ database: url, schema }), names)
    t.deepEqual(await catalog(client), {}, 'something is in public')

    await client.query('create schema decoy')
    await client.query('create table decoy.kanthorq_consumer_registry ()')
    await client.query('create function decoy.count() returns int return 1')
    for (const path of ["''", 'pg_temp', 'decoy', 'decoy, pg_catalog', '"$user", public']) {
      await client.query(`set search_path to ${path}`)
      await cancelOne(t, client, schema)
    }
    t.deepEqual(await migrate({ database: url, schema }), [])
  })
}

test('two installations in one database know nothing of each other', async (t) => {
  const { client, url } = await emptyDatabase(t)
  await migrate({ database: url })
  await migrate({ database: { connectionString: url }, schema: 'My queue' })
  t.deepEqual(await catalog(client, 'My queue'), await catalog(client))
  for (const schema of ['public', 'My queue']) await cancelOne(t, client, schema)

  const before = await catalog(client)
  await client.query('drop schema "My queue" cascade')
  t.deepEqual(await catalog(client), before)
})

test('a schema name that cannot be written into SQL text is refused before anything is done', async (t) => {
  for (const schema of ["it's", '$user', 'back\\slash', '']) {
    await t.throwsAsync(migrate({ database: 'postgres://nowhere.invalid', schema }), {
      message:
        `${JSON.stringify(schema)} can't be the schema: quotes, $, % and backslashes are not supported in its name. ` +
        'Choose the schema that holds the KanthorQ registries, or a plain name.',
    })
  }
})

test('a connected client is used and keeps its search_path', async (t) => {
  const { client } = await emptyDatabase(t)
  for (const path of ['', '"A, b", public', '"$user", public']) {
    await client.query("select set_config('search_path', $1, false)", [path])
    const shown = await searchPath(client)
    await migrate({ database: client })
    t.is(await searchPath(client), shown)
    await migrate({ database: client, direction: 'down', count: names.length })
    t.is(await searchPath(client), shown)
  }
  await migrate({ database: client, schema: 'public' })
  await client.query("select kanthorq_stream_register('orders')")
  await client.query('set search_path to decoy')
  await t.throwsAsync(migrate({ database: client, direction: 'down', count: names.length }))
  t.is(await searchPath(client), 'decoy', 'after an error')
})

async function searchPath(client: pg.Client): Promise<string | undefined> {
  const { rows } = await client.query<{ search_path: string }>('show search_path')
  return rows[0]?.search_path
}

test('a count that is not at least 1 is refused, in either direction', async (t) => {
  const { client, url: database } = await emptyDatabase(t)
  await migrate({ database })
  const before = await catalog(client)
  for (const count of [0, -1, 0.5, NaN])
    for (const direction of ['up', 'down'] as const)
      await t.throwsAsync(migrate({ database, direction, count }), { instanceOf: RangeError })
  t.deepEqual(await catalog(client), before)
})

for (const [what, connection] of Object.entries({
  '?schema=': (url: string) => `${url}?schema=tenant7`,
  '?currentSchema=': (url: string) => `${url}?application_name=app&currentSchema=tenant7`,
  '?search_path=': (url: string) => `${url}?search_path=tenant7`,
  '?options=': (url: string) => `${url}?options=-c%20search_path%3Dtenant7`,
  'settings with a string': (url: string) => ({ connectionString: `${url}?schema=tenant7` }),
  'settings with options': (url: string) => ({ connectionString: url, options: '-c search_path=tenant7' }),
})) {
  test(`a schema that is named by ${what} is refused before anything is done, unless the option says the same`, async (t) => {
    const { client, url } = await emptyDatabase(t)
    const database = connection(url)
    for (const schema of [undefined, 'public'])
      await t.throwsAsync(migrate({ database, schema }), { message: /^the connection names the schema "tenant7": pass it/ })
    t.deepEqual(await catalog(client), {})
    await migrate({ database, schema: 'tenant7', count: 1 })
    const { rows } = await client.query("select to_regclass('tenant7.kanthorq_migrations') is null as missing")
    t.deepEqual(rows, [{ missing: false }])
  })
}

test('other parameters of a connection string work, and options that are not known are refused', async (t) => {
  const { url } = await emptyDatabase(t)
  const database = `${url}?application_name=schema&sslmode=disable&connect_timeout=10&options=-c%20statement_timeout%3D60000`
  t.deepEqual(await migrate({ database }), names)
  const wrong = [{ shema: 'queue' }, { schema: null }, { direction: 'sideways' }] as object[]
  for (const options of wrong)
    await t.throwsAsync(migrate({ database, ...options }), { message: /shema|schema is null|sideways/ })
})

test('where it cannot log in it leaves no connection open', async (t) => {
  const { url, left } = await startPatientServer(t)
  // By a function: what this process finds in ~/.pgpass does not matter then.
  const database = { connectionString: url, password: () => null as unknown as string }
  await t.throwsAsync(migrate({ database }), { message: /password/i })
  await t.notThrowsAsync(left())
})

test('log gets what happens', async (t) => {
  const { url } = await emptyDatabase(t)
  const lines: string[] = []
  await migrate({ database: url, log: (line) => lines.push(line) })
  for (const name of names) t.true(lines.some((line) => line.includes(name)))
})

for (const schema of ['public', 'queue']) {
  test(`of two at once into an empty ${schema}, one does it all and one has nothing to do`, async (t) => {
    const { client, url } = await emptyDatabase(t)
    const both = await holdMigrations(
      client,
      2,
      () => Promise.all([migrate({ database: url, schema }), migrate({ database: url, schema })]),
      schema,
    )

    const [one, other] = both.sort((a, b) => a.length - b.length)
    t.deepEqual([one, other], [[], names])
    const { rows } = await client.query<{ name: string }>(`select name from ${schema}.kanthorq_migrations order by id`)
    t.deepEqual(
      rows.map(({ name }) => name),
      names,
    )
  })
}

test('a role that may create in the schema, and nothing else, can migrate', async (t) => {
  for (const right of ['grant usage, create on schema queue to', 'alter schema queue owner to']) {
    const { client, url } = await emptyDatabase(t)
    const { name, into } = await role()
    await client.query(`create schema queue; ${right} ${pg.escapeIdentifier(name)}`)
    t.deepEqual(await migrate({ database: into(url), schema: 'queue' }), names, right)

    const migrator = await connect(t, into(url))
    await cancelOne(t, migrator, 'queue')
    await migrate({ database: migrator, schema: 'queue', direction: 'down', count: 1 })
  }
})

test('a role that may not create the schema is told so', async (t) => {
  const { url } = await emptyDatabase(t)
  const { into } = await role()
  await t.throwsAsync(migrate({ database: into(url), schema: 'queue' }), {
    code: '42501',
    message: /^permission denied for database /,
  })
})

test('a pool is refused, and so is a client in a transaction, which is left as it is', async (t) => {
  const { client, url } = await emptyDatabase(t)
  const pool = new pg.Pool({ connectionString: url, max: 1 })
  t.teardown(() => pool.end())
  await t.throwsAsync(migrate({ database: pool as unknown as pg.Client }), {
    instanceOf: TypeError,
    message: /^database is a pool or a wrapper/,
  })
  t.is(pool.totalCount, 0)

  await client.query('begin; create table mine ()')
  await t.throwsAsync(migrate({ database: client }), { message: /^the client is in a transaction/ })
  await client.query('create table mine_too ()')
  await client.query('rollback')
  t.deepEqual(await catalog(client), {})
})

test('in a transaction of the caller, the SQL leaves settings as they were, and a rollback leaves nothing', async (t) => {
  const { client, url } = await emptyDatabase(t)
  const app = await role()
  await client.query(`grant create on schema public to ${app.name}`)
  await migrate({ database: app.into(url), count: 1 })
  // PL/pgSQL has settings, too, as soon as it is loaded.
  await client.query(
    "do 'begin end'; set search_path to public, pg_catalog; set lock_timeout to '7s'; set kanthorq.schema to 'elsewhere'",
  )
  const before = await catalog(client)
  const settings = `select current_user, session_user, array(
    select concat(name, '=', setting, ' ') from pg_settings where name not in ('transaction_isolation') order by 1
  ) as settings, current_setting('kanthorq.schema') as schema`
  const { rows } = await client.query(settings)
  await client.query('begin')
  await client.query(installSql())
  t.deepEqual((await client.query(settings)).rows, rows)
  t.is((await client.query("select from pg_proc where proname = 'kanthorq_task_cancel'")).rowCount, 1)
  await client.query('rollback')
  t.deepEqual(await catalog(client), before)
})

test("inside a migration of the application's own, migrate waits for nothing and commits nothing", async (t) => {
  const { client, url } = await emptyDatabase(t)
  const dir = mkdtempSync(join(tmpdir(), 'kanthorq-application-'))
  t.teardown(() => {
    rmSync(dir, { recursive: true })
  })
  writeFileSync(join(dir, '1_mine.mjs'), 'export const up = (pgm) => globalThis.mine(pgm)')
  let refusal: unknown
  Object.assign(globalThis, {
    async mine(pgm: { db: unknown; sql: (text: string) => void }) {
      pgm.sql('create table mine ()')
      refusal = await t.throwsAsync(migrate({ database: pgm.db as pg.Client }))
      t.deepEqual(await migrate({ database: url, schema: 'queue' }), names)
      pgm.sql(installSql())
      pgm.sql('select 1 / 0')
    },
  })
  const own = {
    databaseUrl: url,
    dir,
    singleTransaction: true,
    migrationsTable: 'own',
    direction: 'up' as const,
    log: () => undefined,
  }
  await t.throwsAsync(runner(own), { message: 'division by zero' })
  t.regex(String(refusal), /database is a pool or a wrapper/)
  t.deepEqual(
    Object.keys(await catalog(client)).filter((key) => /mine|kanthorq/.test(key)),
    [],
  )
  t.deepEqual(await migrate({ database: url, schema: 'queue' }), [])
})

test('advisory locks of a stranger hold up nothing', async (t) => {
  const { url } = await emptyDatabase(t)
  const [stranger, operator] = [await role(), await role()]
  const other = await connect(t, stranger.into(url))
  await other.query("select pg_advisory_lock(7241865325823964), pg_advisory_lock(hashtext('public._kanthorq_set_level'))")
  const client = await connect(t, { connectionString: url, lock_timeout: 5000 })
  t.deepEqual(await migrate({ database: client }), names)
  await client.query("select kanthorq_grant($1, 'operator')", [operator.name])
  t.pass()
})

for (const [way, install] of Object.entries(ways)) {
  test(`${way} says that another migration takes too long`, async (t) => {
    const { client, url } = await emptyDatabase(t)
    await migrate({ database: url })
    await client.query(`alter database ${new URL(url).pathname.slice(1)} set lock_timeout to 50`)
    await client.query('begin; lock table kanthorq_migrations in share update exclusive mode')
    await t.throwsAsync(install(url), { code: '55P03', message: 'another migration still runs after 50ms' })
    await client.query('rollback')
  })
}

test('a migration that waits says so', async (t) => {
  const { client, url } = await emptyDatabase(t)
  const lines: string[] = []
  await holdMigrations(client, 1, () => migrate({ database: url, log: (line) => lines.push(line) }))
  t.true(lines.includes('another migration runs; waiting for it, 1min at most'))
})
