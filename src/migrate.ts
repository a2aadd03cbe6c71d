import { runner } from 'node-pg-migrate'
import pg, { type ClientBase, type ClientConfig } from 'pg'
import { checkSchemaName, migrationsFolder, migrationsTable } from './migrations.ts'

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
 * `kanthorq_migrations`. Only one migration runs at a time; a second one waits.
 *
 * @returns the names of the migrations that were applied, or taken back, in that order
 * @throws what PostgreSQL throws; nothing has changed then
 */
export async function migrate(options: MigrateOptions): Promise<string[]> {
  const { database, schema = 'public' } = options
  checkSchemaName(schema)

  if (isClient(database)) return run(database, { ...options, schema })
  const client = new pg.Client(database)
  await client.connect()
  try {
    return await run(client, { ...options, schema })
  } finally {
    await client.end()
  }
}

async function run(
  client: ClientBase,
  options: MigrateOptions & { schema: string },
): Promise<string[]> {
  const { direction = 'up', count, schema, log = () => undefined } = options
  const path = await client.query<{ search_path: string }>('show search_path')
  await createSchema(client, schema)
  try {
    const done = await runner({
      dbClient: client,
      dir: migrationsFolder,
      migrationsTable,
      schema,
      direction,
      ...(count === undefined ? {} : { count }),
      singleTransaction: true,
      advisoryLockMode: 'wait',
      logger: { info: log, warn: log, error: log, debug: log },
    })
    return done.map((migration) => migration.name)
  } finally {
    await client.query("select set_config('search_path', $1, false)", [path.rows[0]?.search_path])
  }
}

function isClient(database: MigrateOptions['database']): database is ClientBase {
  return typeof database === 'object' && 'query' in database
}

/** CREATE SCHEMA IF NOT EXISTS asks for the right to create one even where it exists, so look first. */
async function createSchema(client: ClientBase, schema: string): Promise<void> {
  const found = await client.query('select from pg_catalog.pg_namespace where nspname = $1', [
    schema,
  ])
  if (found.rowCount === 0)
    await client.query(`create schema if not exists ${pg.escapeIdentifier(schema)}`)
}
