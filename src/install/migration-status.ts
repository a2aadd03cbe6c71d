import type { ClientBase } from 'pg'
import { nameSchema } from './function-sources.ts'
import { checkSchemaName, migrationsTable, readMigrations } from './migrations.ts'
import { becomeOwner, doBlock, findFaults, fixSettings } from './prepare.ts'

/** A migration of this package, or one that a newer version has applied. */
export interface MigrationStatus {
  name: string
  /** null if it is still to be applied. */
  appliedAt: Date | null
  /** Whether this version of the package has it. */
  known: boolean
}

/** What is applied in a schema, and what is wrong with it. */
export interface InstallationStatus {
  /** Oldest first. */
  migrations: MigrationStatus[]
  /** What is missing or not as it was installed, one sentence each. */
  faults: string[]
}

/** Looks at an installation. Changes nothing, and needs nothing to be installed. */
export async function installationStatus(client: ClientBase, schema = 'public'): Promise<InstallationStatus> {
  checkSchemaName(schema)
  await client.query('begin read only')
  try {
    await nameSchema(client, schema)
    await client.query(doBlock(fixSettings))
    // A superuser looks with the owner's rights: functions of the installation are called.
    await client.query('savepoint own_role')
    await client.query(doBlock(becomeOwner)).catch(() => client.query('rollback to own_role'))
    await client.query(doBlock(findFaults(readMigrations())))
    const { rows: found } = await client.query<{ faults: string; is_there: string; table: string }>(
      `select current_setting('kanthorq.faults') as faults, t.name as table,
         exists (select from pg_class c where c.oid = to_regclass(t.name) and c.relkind = 'r')::text as is_there
       from format('%I.${migrationsTable}', $1::text) t (name)`,
      [schema],
    )
    const applied = found[0]?.is_there === 'true' ? await appliedIn(client, found[0].table) : new Map<string, Date>()
    const known = readMigrations().map(({ name }) => name)
    const names = [...new Set([...known, ...applied.keys()])].sort()
    return {
      migrations: names.map((name) => ({
        name,
        appliedAt: applied.get(name) ?? null,
        known: known.includes(name),
      })),
      faults: found[0]?.faults ? found[0].faults.split('\n') : [],
    }
  } finally {
    await client.query('rollback').catch(() => undefined)
  }
}

async function appliedIn(client: ClientBase, table: string): Promise<Map<string, Date>> {
  // It is kept without a time zone, in UTC: see fixSettings. In JSON it looks the same under any DateStyle.
  const { rows } = await client.query<{ name: string; applied_at: string }>(
    `select name::text, to_json(run_on)::text as applied_at from ${table}`,
  )
  return new Map(rows.map(({ name, applied_at }) => [name, new Date(`${JSON.parse(applied_at) as string}Z`)]))
}
