import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { ClientBase } from 'pg'

/**
 * Loads pgTAP into the schema `tap`, creating the schema if it is missing. Does nothing when pgTAP is there already.
 *
 * Needs CREATE on the database, but neither a superuser nor pgTAP's system package. All roles may use what is loaded.
 *
 * @param client - a connected client that is not inside a transaction; its search_path is left as it was
 * @throws Error when the package with pgTAP's SQL is damaged; a database error when the load is refused, in which
 * case nothing of it stays behind
 */
export async function loadPgtap(client: ClientBase): Promise<void> {
  const { rows } = await client.query<{ loaded: boolean }>(
    "select to_regprocedure('tap.finish(boolean)') is not null as loaded",
  )
  if (rows[0]?.loaded) return

  // A single simple query is a single transaction: all of it is loaded or none, and SET LOCAL ends with it.
  await client.query(`
    create schema if not exists tap;
    set local search_path to tap, pg_catalog;
    ${await pgtapSql()}
    grant usage on schema tap to public;
    grant execute on all functions in schema tap to public;
    grant select on all tables in schema tap to public;
  `)
}

/** The SQL of pgTAP's newest version, out of the archive that the npm package carries. */
async function pgtapSql(): Promise<string> {
  const program = createRequire(import.meta.url).resolve('@electric-sql/pglite-pgtap')
  const archive = join(dirname(program), 'pgtap.tar.gz')
  for (const { name, content } of tarEntries(gunzipSync(await readFile(archive)))) {
    // Not the upgrades: those are called pgtap--1.3.4--1.3.5.sql.
    if (/\/pgtap--[\d.]+\.sql$/.test(name)) return content.toString('utf8')
  }
  throw new Error(
    `no pgtap--<version>.sql in ${archive}: the package is damaged or has changed its layout; install it again`,
  )
}

/** The entries of a tar archive: 512-byte headers, each followed by its content padded to 512 bytes. */
function* tarEntries(tar: Buffer): Generator<{ name: string; content: Buffer }> {
  const block = 512
  let offset = 0
  while (offset + block <= tar.length && tar[offset] !== 0) {
    const text = (start: number, length: number) =>
      tar.toString('latin1', offset + start, offset + start + length).replace(/\0.*$/s, '')
    const size = Number.parseInt(text(124, 12), 8)
    const content = tar.subarray(offset + block, offset + block + size)
    yield { name: text(0, 100), content }
    offset += block + Math.ceil(size / block) * block
  }
}
