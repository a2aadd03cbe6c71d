import { withClient } from '../../scripts/with-client.ts'
import { startPgBouncer, through } from './pgbouncer.ts'
import type { Template } from './template.ts'

const running = 'KANTHORQ_TEST_PGBOUNCER'

/**
 * Starts what KANTHORQ_TEST_VIA wants to have between the tests and the server, `pgbouncer` or nothing. A run does it
 * once: its child processes find it in the environment.
 *
 * @returns what stops it again
 */
export async function openRoute(serverUrl: string, template: Template): Promise<() => Promise<void>> {
  const via = process.env['KANTHORQ_TEST_VIA']
  if (!via || process.env[running] !== undefined) return () => Promise.resolve()
  if (via !== 'pgbouncer') throw new Error(`KANTHORQ_TEST_VIA is ${via}: set it to pgbouncer, or unset it`)
  const { folder, stop } = await startPgBouncer(serverUrl, [template.operator])
  process.env[running] = folder
  return stop
}

/** The connection string for calls to a database, given the server's own: through PgBouncer if the run goes that way. */
export function routed(url: string): string {
  const folder = process.env[running]
  return folder === undefined ? url : through(url, folder)
}

/** Has PgBouncer close the connections that it keeps to a database, so that the database can be dropped. */
export async function leave(url: string): Promise<void> {
  if (process.env[running] === undefined) return
  const console = Object.assign(new URL(routed(url)), { pathname: '/pgbouncer' }).href
  // It knows those databases only to which somebody has connected.
  await withClient(console, (client) => client.query(`RECONNECT ${new URL(url).pathname.slice(1)}`).catch(() => undefined))
}
