import test from 'ava'
import { migrate } from 'kanthorq-tasks'
import pg from 'pg'
import { readMigrations } from '../../src/install/migrations.ts'
import { catalog } from '../support/catalog.ts'
import { connect, useServer } from '../support/empty-database.ts'
import { holdMigrations } from '../support/migration-lock.ts'
import { startPatientServer } from '../support/patient-server.ts'

const { emptyDatabase, role } = useServer(test)
const names = readMigrations().map(({ name }) => name)

/** Registers the consumer `send_email` and gives it a task with this event id. */
async function createTask(client: pg.Client, schema: string, eventId: string): Promise<void> {
  const s = pg.escapeIdentifier(schema)
  const { rows } = await client.query<{ stream_id: string }>(
    `select stream_id from ${s}.kanthorq_consumer_register('orders', 'send_email', '{>}')`,
  )
  await client.query(
    `insert into ${s}.${pg.escapeIdentifier(`kanthorq_${rows[0]?.stream_id ?? ''}`)} (id, subject, body)
     values ($1, 'order.created', '')`,
    [eventId],
  )
  await client.query(`select ${s}.kanthorq_task_convert('send_email', array[$1])`, [eventId])
}

async function cancel(client: pg.Client, schema: string, eventId: string): Promise<unknown> {
  const { rows } = await client.query<Record<string, string[]>>(
    `select * from ${pg.escapeIdentifier(schema)}.kanthorq_task_cancel('send_email', array[$1])`,
    [eventId],
  )
  return rows[0]
}

for (const schema of ['queue', 'My queue', 'Schlange. 3,5']) {
  test(`the schema ${schema} is made when missing, and works under any search_path`, async (t) => {
    const { client, url } = await emptyDatabase(t)
    t.deepEqual(await migrate({ database: url, schema }), names)
    t.deepEqual(await catalog(client), {}, 'something is in public')

    await client.query('create schema decoy')
    await client.query('create table decoy.kanthorq_consumer_registry ()')
    await client.query('create function decoy.count() returns int return 1')
    for (const path of ["''", 'pg_temp', 'decoy', 'decoy, pg_catalog', '"$user", public']) {
      await client.query(`set search_path to ${path}`)
      await createTask(client, schema, `event_${path}`)
      const result = await cancel(client, schema, `event_${path}`)
      t.deepEqual(result, { updated: [`event_${path}`], noop: [] }, path)
    }
    t.deepEqual(await migrate({ database: url, schema }), [])
  })
}

test('two installations in one database know nothing of each other', async (t) => {
  const { client, url } = await emptyDatabase(t)
  await migrate({ database: url })
  await migrate({ database: { connectionString: url }, schema: 'My queue' })
  t.deepEqual(await catalog(client, 'My queue'), await catalog(client))
  for (const schema of ['public', 'My queue']) await createTask(client, schema, 'event_1')
  const cancelled = { updated: ['event_1'], noop: [] }
  t.deepEqual(await cancel(client, 'My queue', 'event_1'), cancelled)
  t.deepEqual(await cancel(client, 'public', 'event_1'), cancelled)

  const before = await catalog(client)
  await client.query('drop schema "My queue" cascade')
  t.deepEqual(await catalog(client), before)
})

for (const schema of ["it's", '$user', 'back\\slash', '']) {
  test(`the schema name ${JSON.stringify(schema)} is refused`, async (t) => {
    const { client, url } = await emptyDatabase(t)
    await t.throwsAsync(migrate({ database: url, schema }), {
      message:
        `${JSON.stringify(schema)} can't be the schema: quotes, $, % and backslashes are not supported in its name. ` +
        'Choose the schema that holds the KanthorQ registries, or a plain name.',
    })
    const schemas = "select from pg_namespace where nspname !~ '^(pg_|information_schema|public)'"
    t.is((await client.query(schemas)).rowCount, 0)
    t.deepEqual(await catalog(client), {})
  })
}

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

test('count says how many', async (t) => {
  const { url: database } = await emptyDatabase(t)
  t.deepEqual(await migrate({ database, count: 1 }), names.slice(0, 1))
  t.deepEqual(await migrate({ database, count: 1 }), names.slice(1, 2))
  t.deepEqual(await migrate({ database, count: names.length }), names.slice(2))
  t.deepEqual(await migrate({ database }), [])
  t.deepEqual(await migrate({ database, direction: 'down' }), names.slice(-1))
  t.deepEqual(
    await migrate({ database, direction: 'down', count: names.length }),
    names.slice(0, -1).toReversed(),
  )
})

for (const count of [0, -1, 0.5, NaN]) {
  test(`a count of ${count} is refused`, async (t) => {
    const { client, url: database } = await emptyDatabase(t)
    await migrate({ database })
    const before = await catalog(client)
    for (const direction of ['up', 'down'] as const)
      await t.throwsAsync(migrate({ database, direction, count }), { instanceOf: RangeError })
    t.deepEqual(await catalog(client), before)
  })
}

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
    const schemas = 'select nspname from pg_namespace order by 1'
    const { rows: before } = await client.query(schemas)
    const both = await holdMigrations(
      client,
      2,
      () => Promise.all([migrate({ database: url, schema }), migrate({ database: url, schema })]),
      async () => {
        t.deepEqual((await client.query(schemas)).rows, before, 'made before its turn')
      },
    )

    const [one, other] = both.sort((a, b) => a.length - b.length)
    t.deepEqual([one, other], [[], names])
    const { rows } = await client.query<{ name: string }>(
      `select name from ${schema}.kanthorq_migrations order by id`,
    )
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
    await createTask(migrator, 'queue', 'event_1')
    const result = await cancel(migrator, 'queue', 'event_1')
    t.deepEqual(result, { updated: ['event_1'], noop: [] })
    await migrate({ database: migrator, schema: 'queue', direction: 'down', count: 1 })
  }
})

test('a role that may not create in the schema is told so', async (t) => {
  const { client, url } = await emptyDatabase(t)
  const { into } = await role()
  await client.query('create schema queue')
  await t.throwsAsync(migrate({ database: into(url), schema: 'queue' }), {
    code: '42501',
    message: 'permission denied for schema queue',
  })
  await t.throwsAsync(migrate({ database: into(url), schema: 'other' }), {
    code: '42501',
    message: /^permission denied for database /,
  })
  t.deepEqual(await catalog(client, 'queue'), {})
})
