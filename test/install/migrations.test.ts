import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import test from 'ava'
import { migrate } from 'kanthorq-tasks/migrate'
import { readFunctions } from '../../scripts/migrations/function-files.ts'
import { migrationsTable, readMigrations } from '../../src/install/migrations.ts'
import { catalog, only, withoutMigrationsTable } from '../support/catalog.ts'
import { useServer } from '../support/empty-database.ts'

const { emptyDatabase } = useServer(test)
const migrations = readMigrations()
const names = migrations.map(({ name }) => name)

test('a freshly migrated database holds exactly what db says', async (t) => {
  const migrated = await emptyDatabase(t)
  t.deepEqual(await migrate({ database: migrated.url }), names)

  const { client } = await emptyDatabase(t)
  const run = (sql: string) => client.query(sql.replaceAll('kanthorq_schema', 'public'))
  await run(migrations[0]?.up ?? '')
  await run(readFileSync(new URL('../../db/tables.sql', import.meta.url), 'utf8'))
  await run('set check_function_bodies to off')
  for (const { name, sql } of readFunctions().values())
    await run(`${sql}; revoke all on routine kanthorq_schema.${name} from public`)

  const expected = await catalog(client)
  t.is(Object.keys(only(expected, /^(function|procedure) /)).length, readFunctions().size)
  t.deepEqual(withoutMigrationsTable(await catalog(migrated.client)), expected)
})

test('up, down and up again end in the same catalog, one migration at a time', async (t) => {
  const { client, url } = await emptyDatabase(t)
  const afterEach = []
  for (const name of names) {
    t.deepEqual(await migrate({ database: url, count: 1 }), [name])
    afterEach.push(await catalog(client))
  }
  const whole = afterEach.at(-1)

  for (const name of names.toReversed()) {
    t.deepEqual(await catalog(client), afterEach.pop(), `before ${name} is taken back`)
    t.deepEqual(await migrate({ database: url, direction: 'down' }), [name])
  }
  t.deepEqual(withoutMigrationsTable(await catalog(client)), {}, 'something is left at the bottom')
  t.deepEqual((await client.query(`select * from ${migrationsTable}`)).rows, [])
  t.deepEqual(await migrate({ database: url, direction: 'down' }), [])

  t.deepEqual(await migrate({ database: url }), names)
  t.deepEqual(await catalog(client), whole)
})

test('a released migration is never edited', (t) => {
  const root = new URL('../../', import.meta.url)
  const released = readFileSync(new URL('db/migrations.sha256', root), 'utf8').split('\n').filter(Boolean)
  const checksums = released.map((line) => {
    const [, path = ''] = line.split('  ')
    const content = readFileSync(new URL(path, root))
    return `${createHash('sha256').update(content).digest('hex')}  ${path}`
  })
  t.deepEqual(checksums, released)

  const paths = released.map((line) => line.split('  ')[1])
  const oldest = names.slice(0, released.length).map((name) => `migrations/${name}.sql`)
  t.deepEqual(paths, oldest, 'a migration that is not released comes before one that is')
})

/** A row for each table that the migrations make. */
const rows: Record<string, string> = {
  kanthorq_task_operation:
    "(at, action, consumer, tasks, from_states, first_event_id, last_event_id, changes) values (now(), 'cancel', 'mail', 0, '{}', '', '', '{}')",
  kanthorq_consumer_hold:
    "(consumer_id, consumer, cursor, intake_only, at) values ('consumer_2', 'gone', 'event_0', false, now())",
  kanthorq_stream_registry: "(id, name) values ('stream_1', 'orders')",
  kanthorq_consumer_registry: `(stream_id, stream_name, id, name, subject_includes, cursor)
    values ('stream_1', 'orders', 'consumer_1', 'send_email', '{>}', 'event_0')`,
}

test('down refuses to drop a table that holds rows, and leaves everything', async (t) => {
  const { client, url } = await emptyDatabase(t)
  await migrate({ database: url })
  const down = () => migrate({ database: url, direction: 'down', count: names.length })
  const tables = Object.keys(only(withoutMigrationsTable(await catalog(client)), /^table /))
  t.deepEqual(
    tables,
    Object.keys(rows)
      .map((table) => `table ${table}`)
      .sort(),
  )

  for (const [table, row] of Object.entries(rows)) {
    await client.query(`insert into ${table} ${row}`)
    const state = async () => [
      await catalog(client),
      (await client.query(`select * from ${migrationsTable} order by id`)).rows,
      (await client.query(`select * from ${table}`)).rows,
    ]
    const before = await state()
    await t.throwsAsync(down, {
      code: 'KQ003',
      message: `${table} holds rows, so it is not dropped`,
    })
    t.deepEqual(await state(), before)
    await client.query(`delete from ${table}`)
  }
  await down()
  t.deepEqual(withoutMigrationsTable(await catalog(client)), {})
})
