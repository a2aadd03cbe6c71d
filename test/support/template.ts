import { readFileSync } from 'node:fs'
import pg from 'pg'
import { migrate } from 'kanthorq-tasks'
import { loadPgtap } from '../../scripts/load-pgtap.ts'
import { createDatabase, createRole } from '../../scripts/throwaway-database.ts'

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
  const client = new pg.Client(database.url)
  await client.connect()
  try {
    await loadPgtap(client)
    await client.query(readFileSync(new URL('./fixtures.sql', import.meta.url), 'utf8'))
    await client.query(partitionsSql(Number(process.env['KANTHORQ_TEST_PARTITIONS'] ?? 0)))
    const { rows } = await client.query<{ grant: string }>(grantSql, [operator.name])
    for (const row of rows) await client.query(row.grant)
  } finally {
    await client.end()
  }
  return { url: database.url, operator }
}

/** The connection string of a database, for another role. */
export function as(role: Template['operator'], databaseUrl: string): string {
  return Object.assign(new URL(databaseUrl), { username: role.name, password: role.password }).href
}

const partitionsSql = (partitions: number) =>
  `create or replace function test.partitions() returns integer language sql immutable as 'select ${partitions}'`

/** All that is on a level: not the internal helpers. */
const grantSql = `
  select format('grant execute on routine %s to %I', p.oid::regprocedure, $1::text) as grant
  from pg_proc p join _kanthorq_function_levels() l on l.name = p.proname
  where p.pronamespace = 'public'::regnamespace`
