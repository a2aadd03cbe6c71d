import pg from 'pg'
import { UsageError, withHint } from './errors.ts'

/**
 * Connects to the URL, else to DATABASE_URL, else to PGHOST etc. The password may come from `~/.pgpass`. Warnings of the
 * server go to standard error.
 *
 * @throws UsageError for a setting that only psql supports, because ignoring it could lead to the wrong database. The error
 * never contains the URL, which may hold a password.
 */
export async function connect(url = variable('DATABASE_URL')): Promise<pg.Client> {
  refuseServices(url)
  const client = clientFor(url)
  // A lost connection fails the running query. Without a listener it would also end the process.
  client.on('error', () => undefined)
  client.on('notice', ({ code, message, hint }) => {
    // Of class 01 are warnings, also where the server writes "WARNING" in another language.
    if (code?.startsWith('01')) console.error(withHint(`warning: ${message ?? ''}`, hint))
  })
  try {
    await client.connect()
  } catch (error) {
    // Without a password, node-postgres leaves the connection open, which would keep the process alive.
    void client.end().catch(() => undefined)
    throw error
  }
  return client
}

function refuseServices(url: string | undefined): void {
  if (url === undefined && variable('PGSERVICE') !== undefined)
    throw new UsageError(
      'PGSERVICE is set, but service files are not supported: pass --url, or set PGHOST, PGDATABASE and PGUSER',
    )
  if (/[?&]service=/.test(url ?? ''))
    throw new UsageError(
      'the URL names a service, but service files are not supported: write postgres://user@host:port/database',
    )
}

function clientFor(url: string | undefined): pg.Client {
  const settings = {
    // The log shows it, unless PGAPPNAME or the URL sets another name.
    fallback_application_name: 'kanthorq-tasks',
    connectionTimeoutMillis: timeout() * 1000,
  }
  if (url === undefined) return new pg.Client(settings)
  // node-postgres would read some host or database name from any text.
  if (!/^postgres(ql)?:\/\//.test(url)) throw notSupported()
  try {
    return new pg.Client({ ...settings, connectionString: url })
  } catch (error) {
    throw error instanceof TypeError || error instanceof URIError ? notSupported() : error
  }
}

function notSupported(): UsageError {
  return new UsageError('this form of connection string is not supported: write postgres://user:password@host:port/database')
}

function timeout(): number {
  const given = variable('PGCONNECT_TIMEOUT') ?? '15'
  if (!/^\d+$/.test(given))
    throw new UsageError(`PGCONNECT_TIMEOUT is ${JSON.stringify(given)}: set it to a number of seconds, or to 0 for no limit`)
  return Number(given)
}

/** An environment variable; undefined if it is empty. */
function variable(name: string): string | undefined {
  const text = process.env[name]
  return text === '' ? undefined : text
}
