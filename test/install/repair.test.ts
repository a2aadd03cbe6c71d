// Installations that lost something, or were moved: migrate status says it, and each way to install repairs it.
import test from 'ava'
import { migrate } from 'kanthorq-tasks/migrate'
import pg from 'pg'
import { installationStatus } from '../../src/install/migration-status.ts'
import { readMigrations } from '../../src/install/migrations.ts'
import { catalog, only, withoutMigrationsTable } from '../support/catalog.ts'
import { connect, useServer } from '../support/empty-database.ts'
import { dump } from '../support/kanthorq-dump.ts'
import { ways } from './ways.ts'

const server = useServer(test)
const names = readMigrations().map(({ name }) => name)

const dropFunctions = `do $$ begin
  execute (select 'drop routine ' || string_agg(oid::regprocedure::text, ', ') from pg_proc where proname ~ '^_?kanthorq_');
end $$`

/** What an installation loses, and what migrate status says then. */
const damages: Record<string, { sql: string; says: RegExp[]; losesLevels?: true; onlyBy?: string }> = {
  'its rows, as in a dump of the structure': { sql: 'delete from kanthorq_migrations', says: [] },
  'a function': { sql: 'drop function kanthorq_task_count', says: [/^functions are missing \(1\): kanthorq_task_count$/] },
  'the functions that say what there is': {
    sql: 'drop function _kanthorq_function_levels cascade',
    says: [/^functions are missing$/],
    losesLevels: true,
  },
  'a type': {
    sql: 'drop type kanthorq_operation cascade',
    says: [/^kanthorq_operation is missing$/, /^functions are missing \(1\): kanthorq_task_operations$/],
  },
  'functions and types, as in a dump of the tables': {
    sql: `${dropFunctions}; drop type kanthorq_task, kanthorq_operation, kanthorq_task_progress, _kanthorq_task_filter`,
    says: [/^kanthorq_task is missing$/, /is missing$/, /is missing$/, /is missing$/, /^functions are missing$/],
    losesLevels: true,
  },
  'privileges, so that functions are open to PUBLIC': {
    sql: `grant execute on all functions in schema public to public; grant execute on all procedures in schema public to public`,
    says: [],
  },
  'the source of a function': {
    sql: `do $$ begin
      execute replace(pg_get_functiondef('_kanthorq_stream'::regproc), 'begin', 'begin null;');
    end $$`,
    says: [/^functions are not as they were installed \(1\): _kanthorq_stream$/],
    onlyBy: 'migrate()',
  },
}

for (const [way, install] of Object.entries(ways)) {
  test(`${way} repairs what is missing or was changed, and keeps the log, all tasks and the levels of roles`, async (t) => {
    const { client, url } = await server.emptyDatabase(t)
    const role = await server.role()
    await client.query(`${dump}; reset all`)
    await install(url)
    await client.query("select kanthorq_grant($1, 'operator')", [role.name])
    await client.query(
      "select kanthorq_task_cancel('send_email', array(select event_id from kanthorq_task_find('send_email')))",
    )
    const tasks = "select kanthorq_task_find('send_email', max_tasks => 1000) t order by 1"
    const state = async () => ({
      catalog: only(await catalog(client), /kanthorq_migrate\(/, false),
      log: (await client.query<object>('select * from kanthorq_task_operation')).rows,
      tasks: (await client.query<object>(tasks)).rows,
    })
    const before = await state()
    t.is(before.log.length, 1)

    for (const [damage, { sql, says, losesLevels, onlyBy = way }] of Object.entries(damages)) {
      if (onlyBy !== way) continue
      await client.query('drop function if exists kanthorq_migrate')
      await client.query(sql)
      const { faults } = await installationStatus(client)
      t.is(faults.length, says.length, `${damage}: ${faults.join('; ')}`)
      for (const [n, pattern] of says.entries()) t.regex(faults[n] ?? '', pattern, damage)

      await install(url)
      if (losesLevels) await client.query("select kanthorq_grant($1, 'operator')", [role.name])
      t.deepEqual(await state(), before, damage)
      t.deepEqual((await installationStatus(client)).faults, [], damage)
    }
    t.deepEqual(await migrate({ database: url }), [])
  })
}

test('down works without the functions', async (t) => {
  const { client, url } = await server.emptyDatabase(t)
  await migrate({ database: url })
  await client.query(dropFunctions)
  t.deepEqual(await migrate({ database: url, direction: 'down', count: names.length }), names.toReversed())
  t.deepEqual(withoutMigrationsTable(await catalog(client)), {})
})

test('an older version does not repair what a newer one has installed', async (t) => {
  const { client, url } = await server.emptyDatabase(t)
  await migrate({ database: url })
  await client.query("insert into kanthorq_migrations (name, run_on) values ('9999_functions', now())")
  const before = await catalog(client)
  for (const install of Object.values(ways))
    await t.throwsAsync(install(url), {
      message: 'the installation is damaged: the functions are those of 0003_functions, not of 9999_functions',
    })
  t.deepEqual(only(await catalog(client), /kanthorq_migrate\(/, false), before)
})

test('a role that may read the migrations table is told the same about an installation of another role', async (t) => {
  const { client, url } = await server.emptyDatabase(t)
  const [owner, reader] = [await server.role(), await server.role()]
  await client.query(`create schema queue authorization ${owner.name}`)
  await migrate({ database: owner.into(url), schema: 'queue' })
  await client.query(
    `grant usage on schema queue to ${reader.name}; grant select on queue.kanthorq_migrations to ${reader.name}`,
  )
  for (const session of [client, await connect(t, reader.into(url))]) {
    const { migrations, faults } = await installationStatus(session, 'queue')
    t.deepEqual([migrations.length, faults], [names.length, []])
  }
})

for (const old of ['gone', 'alive again']) {
  test(`in a schema that was renamed, and whose old name is ${old}, nothing works on another one, until it is repaired`, async (t) => {
    const { client, url } = await server.emptyDatabase(t)
    const role = await server.role()
    await migrate({ database: url, schema: 'queue' })
    await client.query("select queue.kanthorq_grant($1, 'operator')", [role.name])
    await addTask(client, 'queue')
    await client.query('alter schema queue rename to "select"')
    if (old === 'alive again') await migrate({ database: url, schema: 'queue' })
    const before = await state(client)

    const calls = [
      `"select".kanthorq_task_cancel('mail', '{e}')`,
      `"select".kanthorq_task_count('mail')`,
      `"select".kanthorq_grant('${role.name}', 'operator')`,
      `"select".kanthorq_revoke('${role.name}')`,
      `"select".kanthorq_consumer_register('orders', 'other', '{>}')`,
    ]
    for (const call of calls)
      await t.throwsAsync(client.query(`select ${call}`), { code: old === 'gone' ? '3F000' : 'KQ002' }, call)
    t.deepEqual(await state(client), before)
    t.regex((await installationStatus(client, 'select')).faults.join(), /functions are not as they were installed/)

    t.deepEqual(await migrate({ database: url, schema: 'select' }), names)
    t.deepEqual(await migrate({ database: url, schema: 'select' }), [])
    if (old === 'alive again') await addTask(client, 'queue')
    const operator = await connect(t, role.into(url))
    for (const schema of ['select', ...(old === 'gone' ? [] : ['queue'])]) {
      const session = schema === 'select' ? operator : client
      const { rows } = await session.query(
        `select updated from ${pg.escapeIdentifier(schema)}.kanthorq_task_cancel('mail', '{e}')`,
      )
      t.deepEqual(rows, [{ updated: ['e'] }], schema)
    }
  })
}

/** A consumer with a task. */
async function addTask(client: pg.Client, schema: string): Promise<void> {
  const { rows } = await client.query<{ table: string }>(
    `select '${schema}.kanthorq_' || id as table from ${schema}.kanthorq_consumer_register('orders', 'mail', '{>}')`,
  )
  await client.query(`insert into ${rows[0]?.table ?? ''} (event_id, subject, state) values ('e', 'order.created', 1)`)
}

/** What a call could change. */
async function state(client: pg.Client): Promise<unknown> {
  const { rows } = await client.query(
    `select relname, relacl::text, case relkind when 'r' then query_to_xml(format('select * from %s', oid::regclass), true, true, '')::text end
     from pg_class where relnamespace in (select oid from pg_namespace where nspname in ('queue', 'select')) order by oid`,
  )
  return [rows, await catalog(client, 'queue'), await catalog(client, 'select')]
}
