import { readFileSync } from 'node:fs'
import type { ClientBase } from 'pg'

/** What KanthorQ's own program made and left, as SQL. It makes settings for its session. */
export const dump = readFileSync(new URL('../fixtures/kanthorq-go.sql', import.meta.url), 'utf8')

/** The tables in it. */
export const kanthorqTables = [...dump.matchAll(/^CREATE TABLE public\.(\w+) /gm)].map(([, name = '']) => name)

/** The one with the tasks of `send_email`. */
export const dumpedTasks = 'kanthorq_consumer_01m8623p06qhs46608jf68m2yn'

/** A checksum for each of these tables: of its rows, of where they are, and of which transaction put them there. */
export async function checksums(client: ClientBase): Promise<unknown[]> {
  const each = kanthorqTables.map(
    (name) => `select '${name}', count(*), md5(string_agg(concat(ctid, xmin, r), E'\\n' order by ctid)) from public.${name} r`,
  )
  return (await client.query<object>(each.join(' union all '))).rows
}
