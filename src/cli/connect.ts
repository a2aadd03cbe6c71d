import pg from 'pg'
import { UsageError } from './errors.ts'

/** As the log shows it, unless PGAPPNAME or the URL say otherwise. */
const applicationName = 'kanthorq-tasks'

const defaultTimeout = 15

/**
 * Connects to a URL, or to DATABASE_URL, or to PGHOST and the like. A password may also come from `~/.pgpass`.
 *
 * @throws UsageError for what can't be understood, or is understood by psql alone: to go on to some other database than the one
 * that was meant would be worse than to stop. It never names the URL, which may hold a password.
 */
export async function connect(url = variable('DATABASE_URL')): Promise<pg.Client> {
  refuseServices(url)
  const client = clientFor(url)
  // What is being done fails when the connection is lost; without a listener the program would end there and then.
  client.on('error', () => undefined)
  try {
    await client.connect()
  } catch (error) {
    // A connection that node-postgres leaves open, for want of a password, would keep the program until the server ends it.
    void client.end().catch(() => undefined)
    throw error
  }
  return client
}

function refuseServices(url: string | undefined): void {
  if (url === undefined && variable('PGSERVICE') !== undefined)
    throw new UsageError(
      'PGSERVICE is set, but service files are not read here: pass --url, or set PGHOST, PGDATABASE and PGUSER instead',
    )
  if (/[?&]service=/.test(url ?? ''))
    throw new UsageError(
      'the URL names a service, but service files are not read here: write postgres://user@host:port/database',
    )
}

function clientFor(url: string | undefined): pg.Client {
  const settings = {
    fallback_application_name: applicationName,
    connectionTimeoutMillis: timeout() * 1000,
  }
  if (url === undefined) return new pg.Client(settings)
  // node-postgres would take a host or a name from whatever it is.
  if (!/^postgres(ql)?:\/\//.test(url)) throw notUnderstood()
  try {
    return new pg.Client({ ...settings, connectionString: url })
  } catch (error) {
    throw error instanceof TypeError || error instanceof URIError ? notUnderstood() : error
  }
}

function notUnderstood(): UsageError {
  return new UsageError(
    'a connection string like that is not read here: write postgres://user:password@host:port/database',
  )
}

function timeout(): number {
  const given = variable('PGCONNECT_TIMEOUT') ?? String(defaultTimeout)
  if (!/^\d+$/.test(given))
    throw new UsageError(
      `PGCONNECT_TIMEOUT is ${JSON.stringify(given)}: it takes a number of seconds; 0 is no limit`,
    )
  return Number(given)
}

/** A variable that is empty is as good as one that is not set. */
function variable(name: string): string | undefined {
  const text = process.env[name]
  return text === '' ? undefined : text
}
