import pg from 'pg'
import { UsageError } from './errors.ts'

/** What says where to connect to, besides the environment. */
export interface ConnectionFlags {
  url?: string
  schema?: string
}

/** As the log shows it, unless PGAPPNAME or the URL say otherwise. */
const applicationName = 'kanthorq-tasks'

const defaultTimeout = 15

/**
 * Connects to what `--url` names, or DATABASE_URL, or PGHOST and the like. A password may also come from `~/.pgpass`.
 *
 * @throws UsageError for what psql takes and node-postgres does not: a service, or a connection string of `name=value`
 */
export async function connect(flags: ConnectionFlags): Promise<pg.Client> {
  const url = filled(flags.url ?? process.env['DATABASE_URL'])
  refuseServices(url)
  const client = new pg.Client({
    ...(url !== undefined && { connectionString: url }),
    fallback_application_name: applicationName,
    connectionTimeoutMillis: timeout() * 1000,
  })
  // What is being done fails when the connection is lost; without a listener the program would end there and then.
  client.on('error', () => undefined)
  await client.connect()
  return client
}

/** To go on to some other database than the one that was meant would be worse than to stop. */
function refuseServices(url = ''): void {
  if (url === '' && filled(process.env['PGSERVICE']) !== undefined)
    throw new UsageError(
      'PGSERVICE is set, but service files are not read here: pass --url, or set PGHOST, PGDATABASE and PGUSER instead',
    )
  if (/[?&]service=/.test(url))
    throw new UsageError(
      'the URL names a service, but service files are not read here: write postgres://user@host:port/database',
    )
  if (/^\s*\w+\s*=/.test(url))
    throw new UsageError(
      'a connection string of name=value is not read here: write postgres://user@host:port/database',
    )
}

function timeout(): number {
  const given = filled(process.env['PGCONNECT_TIMEOUT']) ?? String(defaultTimeout)
  if (!/^\d+$/.test(given))
    throw new UsageError(
      `PGCONNECT_TIMEOUT is ${JSON.stringify(given)}: it takes a number of seconds; 0 is no limit`,
    )
  return Number(given)
}

/** A variable that is empty is as good as one that is not set. */
function filled(text: string | undefined): string | undefined {
  return text === '' ? undefined : text
}
