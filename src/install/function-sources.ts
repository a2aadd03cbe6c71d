import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { readMigrations } from './migrations.ts'

const folder = fileURLToPath(new URL('../../db/functions', import.meta.url))

/**
 * Checksums of what the catalog has as the source of each function that is installed in a schema (pg_proc.prosrc; it has
 * none for SQL-standard bodies). The name of the migration that they belong to is under the key ''.
 */
export function functionSources(schema: string): Record<string, string> {
  const sources: Record<string, string> = {
    '': readMigrations().findLast(({ name }) => name.endsWith('_functions'))?.name ?? '',
  }
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const sql = file.endsWith('.sql') ? readFileSync(join(folder, file), 'utf8') : ''
    const source = /^as \$(function|procedure)\$(.*)^\$\1\$/ms.exec(sql)?.[2]
    if (source !== undefined)
      sources[basename(file, '.sql')] = createHash('md5')
        .update(source.replaceAll('kanthorq_schema', () => quoteIdent(schema)))
        .digest('hex')
  }
  return sources
}

/** As PostgreSQL's quote_ident does it, but for keywords, which no schema should be named after. */
function quoteIdent(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : pg.escapeIdentifier(name)
}
