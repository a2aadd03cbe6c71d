import { createHash } from 'node:crypto'
import type { ClientBase } from 'pg'
import { readMigrations } from './migrations.ts'

/** Tells the blocks that go before migrations which schema they are about, and what its functions look like. */
export async function nameSchema(client: ClientBase, schema: string): Promise<void> {
  await client.query(`set local quote_all_identifiers to off`)
  const { rows } = await client.query<{ quoted: string }>(
    `select pg_catalog.quote_ident($1) as quoted, pg_catalog.set_config('kanthorq.schema', $1, true)`,
    [schema],
  )
  const sources = JSON.stringify(functionSources(rows[0]?.quoted ?? schema))
  await client.query(`select pg_catalog.set_config('kanthorq.sources', $1, true)`, [sources])
}

/**
 * Checksums of what the catalog has as the source of each function that is installed in a schema (pg_proc.prosrc; it has
 * none for SQL-standard bodies). The name of the migration that they belong to is under the key ''.
 */
function functionSources(quotedSchema: string): Record<string, string> {
  const sources: Record<string, string> = {}
  const definition =
    /^create or replace (function|procedure)\s+kanthorq_schema\.(\w+)(?:(?!^create or replace ).)*?^as \$\1\$(.*?)^\$\1\$/gms
  for (const { name: migration, up } of readMigrations()) {
    if (migration.endsWith('_functions')) sources[''] = migration
    for (const [, , name = '', source = ''] of up.matchAll(definition))
      sources[name] = createHash('md5')
        .update(source.replaceAll('kanthorq_schema', () => quotedSchema))
        .digest('hex')
  }
  return sources
}
