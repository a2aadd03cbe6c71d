import pg, { type ClientBase } from 'pg'
import { checkSchemaName, migrationsTable, readMigrations } from './migrations.ts'

/** A migration of this package, or one that a newer version has applied. */
export interface MigrationStatus {
  name: string
  /** null if it is still to be applied. */
  appliedAt: Date | null
  /** Whether this version of the package has it. */
  known: boolean
}

/** Which migrations are applied in a schema, oldest first. Changes nothing, and needs nothing to be installed. */
export async function migrationStatus(client: ClientBase, schema = 'public'): Promise<MigrationStatus[]> {
  checkSchemaName(schema)
  const applied = await appliedIn(client, `${pg.escapeIdentifier(schema)}.${migrationsTable}`)
  const known = readMigrations().map(({ name }) => name)
  const names = [...new Set([...known, ...applied.keys()])].sort()
  return names.map((name) => ({
    name,
    appliedAt: applied.get(name) ?? null,
    known: known.includes(name),
  }))
}

async function appliedIn(client: ClientBase, table: string): Promise<Map<string, Date>> {
  const { rows: found } = await client.query<{ exists: boolean }>('select to_regclass($1) is not null as exists', [table])
  if (found[0]?.exists !== true) return new Map()
  // It is kept without a time zone; of the session that wrote it, which as a rule is the server's own.
  const { rows } = await client.query<{ name: string; applied_at: Date }>(
    `select name, run_on::timestamptz as applied_at from ${table}`,
  )
  return new Map(rows.map(({ name, applied_at }) => [name, applied_at]))
}
