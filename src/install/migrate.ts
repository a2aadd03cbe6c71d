import pg, { type ClientBase, type ClientConfig } from 'pg'
import { checkSchemaName, createMigrationsTable, migrationsFolder, migrationsLock, migrationsTable } from './migrations.ts'

/** Options of {@link migrate}. */
export interface MigrateOptions {
  /**
   * Where to: a connection string, the settings of a node-postgres Client, or a connected client that is not in a
   * transaction. Connect to the server itself: PgBouncer in transaction mode can't keep the lock that migrations take.
   */
  database: string | ClientConfig | ClientBase
  /** Default: `up`. */
  direction?: 'up' | 'down'
  /** How many migrations. Default: all of them up, one of them down. */
  count?: number
  /** The schema that holds, or will hold, the KanthorQ registries; made if it is missing. Default: `public`. */
  schema?: string
  /** Gets a line for each thing that happens. Default: silence. */
  log?: (line: string) => void
}

/**
 * Installs, updates or takes back the tables and functions, all in one transaction, and records it in the table
 * `kanthorq_migrations`. Only one migration runs at a time; others wait.
 *
 * @returns the names of the migrations that were applied, or taken back, in that order
 * @throws RangeError if `count` is not at least 1, Error for a schema name that is not supported, and what PostgreSQL
 * throws; nothing has changed then
 */
export async function migrate(options: MigrateOptions): Promise<string[]> {
  const { database, schema = 'public', count = 1 } = options
  checkSchemaName(schema)
  // node-pg-migrate takes 0 for all when it goes down.
  if (!(count >= 1)) throw new RangeError(`count is ${count}: pass at least 1, or leave it out for the default`)

  if (isClient(database)) return run(database, { ...options, schema })
  const client = new pg.Client(database)
  // A lost connection fails the running query. Without a listener it would end the process.
  client.on('error', () => undefined)
  try {
    await client.connect()
    return await run(client, { ...options, schema })
  } finally {
    // Also after a failed login: an open connection keeps the process alive until the server ends it.
    await client.end()
  }
}

async function run(client: ClientBase, options: MigrateOptions & { schema: string }): Promise<string[]> {
  const { direction = 'up', count, schema, log = () => undefined } = options
  const { runner } = await import('node-pg-migrate')
  const path = await client.query<{ search_path: string }>('show search_path')
  // The lock is taken before the schema and the table are made: of two calls that find neither, one would fail.
  await client.query('select pg_advisory_lock($1)', [migrationsLock])
  try {
    await createMissing(client, schema)
    const done = await runner({
      dbClient: client,
      dir: migrationsFolder,
      migrationsTable,
      schema,
      direction,
      ...(count === undefined ? {} : { count }),
      singleTransaction: true,
      noLock: true,
      logger: { info: log, warn: log, error: log, debug: log },
    })
    return done.map((migration) => migration.name)
  } finally {
    // A lost connection has released the lock, and the running query has given the reason.
    await client
      .query("select set_config('search_path', $1, false), pg_advisory_unlock($2)", [path.rows[0]?.search_path, migrationsLock])
      .catch(() => undefined)
  }
}

function isClient(database: MigrateOptions['database']): database is ClientBase {
  return typeof database === 'object' && 'query' in database
}

/**
 * Makes the schema and the migrations table, because node-pg-migrate wraps a refusal into a stack trace.
 *
 * IF NOT EXISTS needs the right to create even where nothing is missing, so this looks first.
 */
async function createMissing(client: ClientBase, schema: string): Promise<void> {
  const name = pg.escapeIdentifier(schema)
  const table = `${name}.${migrationsTable}`
  const { rows } = await client.query<{ has_schema: boolean; has_table: boolean }>(
    'select to_regnamespace($1) is not null as has_schema, to_regclass($2) is not null as has_table',
    [name, table],
  )
  if (rows[0]?.has_schema === false) await client.query(`create schema ${name}`)
  if (rows[0]?.has_table === false) await client.query(createMigrationsTable(table))
}
