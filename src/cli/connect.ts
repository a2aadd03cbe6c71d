import pg from 'pg'
import { UsageError, withHint } from './errors.ts'
import { note } from './terminal/output.ts'

/** Where to connect. */
export interface Target {
  /** Default: PGHOST etc. */
  url: string | undefined
  /** The schema that holds the functions. */
  schema: string
}

/**
 * The URL, else DATABASE_URL, and the schema: that of the option, else the one that the URL or PGOPTIONS names, else `public`.
 *
 * @throws UsageError for a setting that only psql supports, because ignoring it could lead to the wrong database. The error
 * never contains the URL, which may hold a password.
 */
export function targetOf(url = variable('DATABASE_URL'), schema?: string): Target {
  refuseServices(url)
  const parameters = parametersOf(url)
  const named = ['schema', 'currentSchema', 'search_path'].flatMap((name) => parameters.getAll(name))
  const paths = [...parameters.getAll('options'), variable('PGOPTIONS') ?? ''].flatMap(searchPathsOf)
  const [first, ...others] = [...new Set(schema === undefined ? [...named, ...paths] : [schema, ...named])]
  if (others.length > 0 || first?.includes(','))
    throw new UsageError('the command line, the URL or PGOPTIONS name several schemas: name one with --schema')
  return { url, schema: first ?? 'public' }
}

/** The parameters of a URL, as node-postgres reads them. */
function parametersOf(url = ''): URLSearchParams {
  return new URLSearchParams(url.includes('?') ? url.slice(url.indexOf('?') + 1) : '')
}

/** The values of search_path in options for the server: `-c search_path=queue`. */
function searchPathsOf(options: string): string[] {
  const paths = options.matchAll(/(?:-c\s*|--)search[-_]path=((?:\\.|[^\s\\])*)/gi)
  return [...paths].map(([, path = '']) => path.replace(/\\(.)/g, '$1').replace(/^"(.*)"$/, '$1'))
}

/**
 * Connects. The password may come from `~/.pgpass`. Warnings of the server go to standard error. Times in texts of the server
 * are in the time zone of this program.
 */
export async function connect(url: string | undefined): Promise<pg.Client> {
  const [mode, way] = sslModeOf(url)
  // As in psql: with TLS where the server supports it, without a check of its certificate.
  if (mode !== 'prefer' && mode !== 'allow') return open(clientFor(url))
  try {
    return await open(clientFor(way, { ssl: { rejectUnauthorized: false } }))
  } catch (error) {
    if (!(error instanceof Error && error.message.includes('does not support SSL'))) throw error
    return open(clientFor(way, { ssl: false }))
  }
}

/** The sslmode of the URL, else that of PGSSLMODE, and the URL without it. */
function sslModeOf(url: string | undefined): [mode: string | undefined, url: string | undefined] {
  const mode = parametersOf(url).get('sslmode')
  return mode === null ? [variable('PGSSLMODE'), url] : [mode, url?.replace(/([?&])sslmode=[^&]*&?/, '$1').replace(/[?&]$/, '')]
}

async function open(client: pg.Client): Promise<pg.Client> {
  // A lost connection fails the running query. Without a listener it would also end the process.
  client.on('error', () => undefined)
  client.on('notice', ({ code, message, hint }) => {
    // Of class 01 are warnings, also where the server writes "WARNING" in another language.
    if (code?.startsWith('01')) note(...withHint(`warning: ${message ?? ''}`, hint))
  })
  try {
    await client.connect()
    await fixSettings(client)
  } catch (error) {
    // Without a password, node-postgres leaves the connection open, which would keep the process alive.
    void client.end().catch(() => undefined)
    throw error
  }
  return client
}

/** Makes the session write times as this program reads and shows them. */
async function fixSettings(client: pg.Client): Promise<void> {
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions()
  await client.query("select set_config('DateStyle', 'ISO, YMD', false)")
  // The server may not know a new zone. Only sentences of the server have times in its own zone then.
  await client.query("select set_config('TimeZone', $1, false)", [timeZone]).catch((error: unknown) => {
    if (!(error instanceof pg.DatabaseError)) throw error
  })
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

function clientFor(url: string | undefined, more: pg.ClientConfig = {}): pg.Client {
  const settings = {
    // The log shows it, unless PGAPPNAME or the URL sets another name.
    fallback_application_name: 'kanthorq-tasks',
    connectionTimeoutMillis: timeout() * 1000,
    ...more,
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

/** The longest time that a timer of Node.js takes, in seconds. */
const longestTimeout = 2_147_483

function timeout(): number {
  const given = variable('PGCONNECT_TIMEOUT') ?? '15'
  if (!/^\d+$/.test(given) || Number(given) > longestTimeout)
    throw new UsageError(`PGCONNECT_TIMEOUT is ${JSON.stringify(given)}: set it to a number of seconds, or to 0 for no limit`)
  return Number(given)
}

/** An environment variable; undefined if it is empty. */
function variable(name: string): string | undefined {
  const text = process.env[name]
  return text === '' ? undefined : text
}
