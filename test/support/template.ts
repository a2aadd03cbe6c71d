import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { migrate } from 'kanthorq-tasks/migrate'
import { createDatabase, createRole } from '../../scripts/throwaway-database.ts'
import { withClient } from '../../scripts/with-client.ts'

/** What a run of the tests starts from. */
export interface Template {
  /** Connection string of a database with everything installed, the fixtures and pgTAP too. Nobody stays connected. */
  url: string
  /** A login role that has been granted EXECUTE on the SQL API, and nothing else. */
  operator: { name: string; password: string }
}

/** Makes the database that each test file gets a copy of, and the role that may do no more than call the functions. */
export async function createTemplate(serverUrl: string): Promise<Template> {
  const database = await createDatabase(serverUrl)
  const operator = await createRole(serverUrl)
  await migrate({ database: database.url })
  await withClient(database.url, async (client) => {
    await client.query(pgtapSql())
    await client.query(readFileSync(new URL('./fixtures.sql', import.meta.url), 'utf8'))
    await client.query(partitionsSql(Number(process.env['KANTHORQ_TEST_PARTITIONS'] ?? 0)))
    const { rows } = await client.query<{ grant: string }>(grantSql, [operator.name])
    for (const row of rows) await client.query(row.grant)
  })
  return { url: database.url, operator }
}

/** The connection string of a database, for another role. */
export function as(role: Template['operator'], databaseUrl: string): string {
  return Object.assign(new URL(databaseUrl), { username: role.name, password: role.password }).href
}

/** pgTAP in the schema `tap`, for all roles: out of the archive of the npm package, so that no system package is needed. */
function pgtapSql(): string {
  const program = createRequire(import.meta.url).resolve('@electric-sql/pglite-pgtap')
  const archive = join(dirname(program), 'pgtap.tar.gz')
  const file = 'share/postgresql/extension/pgtap.sql'
  // A single simple query is a single transaction: SET LOCAL ends with it.
  return `
    create schema tap;
    set local search_path to tap, pg_catalog;
    ${execFileSync('tar', ['-xzOf', archive, file], { encoding: 'utf8' })}
    grant usage on schema tap to public;
    grant execute on all functions in schema tap to public;
    grant select on all tables in schema tap to public;`
}

const partitionsSql = (partitions: number) =>
  `create or replace function test.partitions() returns integer language sql immutable as 'select ${partitions}'`

/** What has a level: the API, and the helpers that its procedures call as their caller. */
const grantSql = `
  select format('grant execute on routine %s to %I', p.oid::regprocedure, $1::text) as grant
  from _kanthorq_function_levels() l
  join pg_proc p on p.proname = l.name and p.pronamespace = 'public'::regnamespace
  where l.level <> 'internal'`
