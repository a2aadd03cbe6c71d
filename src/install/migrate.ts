import type { Client, ClientBase, ClientConfig } from 'pg'
import { argumentsOf, checkFunction, textArgument } from '../client/arguments.ts'
import { nameSchema } from './function-sources.ts'
import { checkSchemaName, migrationsFolder, migrationsTable, readMigrations } from './migrations.ts'
import { doBlock, findFaults, prepareMigrations, repairFaults } from './prepare.ts'

/** Options of {@link migrate}. */
export interface MigrateOptions {
  /**
   * Where to: a connection string, the settings of a node-postgres Client, or a connected client that is not in a
   * transaction. Not a pool: a migration needs one connection.
   */
  database: string | ClientConfig | ClientBase
  /** Default: `up`. */
  direction?: 'up' | 'down' | undefined
  /** How many migrations. Default: all of them up, one of them down. */
  count?: number | undefined
  /**
   * The schema that holds, or will hold, the KanthorQ registries; made if it is missing. Default: `public`. A connection string
   * that names one is refused, unless this says the same.
   */
  schema?: string | undefined
  /** Gets a line for each thing that happens. Default: silence. */
  log?: ((line: string) => void) | undefined
}

/**
 * Installs, updates or takes back the tables and functions, all in one transaction, and records it in the table
 * `kanthorq_migrations`. Acts as the owner of KanthorQ's registries. Only one migration runs at a time; another one waits
 * for a minute. Up also repairs an installation of which something is missing or was changed.
 *
 * Inside a bundle there are no migrations: it throws an Error that says what to do, before it connects.
 *
 * @returns the names of the migrations that were applied, or taken back, in that order
 * @throws RangeError if `count` is not a whole number of at least 1, TypeError for a pool, InvalidArgumentError for options that are
 * not known, Error for a schema name that is not supported, for a connection string or settings that name another schema, and for a
 * client in a transaction, and what PostgreSQL throws: 42501 for objects of another role, 55P03 if another migration takes too long;
 * nothing has changed then
 * @example
 * await migrate({ database: process.env.DATABASE_URL ?? '', log: console.log })
 */
export async function migrate(options: MigrateOptions): Promise<string[]> {
  argumentsOf('options', options, parts)
  const { database, schema = 'public', direction, count = 1 } = options
  checkSchemaName(schema)
  // node-pg-migrate takes 0 for all when it goes down.
  if (!Number.isSafeInteger(count) || count < 1)
    throw new RangeError(`count is ${count}: pass a whole number of at least 1, or leave it out for the default`)
  if (direction !== undefined && !['up', 'down'].includes(direction))
    throw new RangeError(`direction is ${direction}: pass up or down`)
  // The db of node-pg-migrate's migrations is no emitter.
  if (isClient(database) && ('idleCount' in database || !('on' in database)))
    throw new TypeError(
      'database is a pool or a wrapper, but a migration needs one connection: pass a client (await pool.connect()) or its settings',
    )
  migrationsFolder()

  if (isClient(database)) return run(database, { ...options, schema })
  const client = await newClient(database)
  refuseOtherSchema(database, client, options.schema)
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

const parts = {
  database: () => undefined,
  direction: textArgument,
  count: () => undefined,
  schema: textArgument,
  log: checkFunction,
}

async function newClient(database: string | ClientConfig): Promise<Client> {
  const { default: pg } = await import('pg').catch((cause: unknown) => {
    throw new Error('kanthorq-tasks needs the package pg to migrate: npm install pg', { cause })
  })
  return new pg.Client(database)
}

/** Refuses settings that name a schema, which node-postgres or the migration would ignore. */
function refuseOtherSchema(database: string | ClientConfig, client: Client, schema: string | undefined): void {
  const url = typeof database === 'string' ? database : (database.connectionString ?? '')
  const [, inUrl] = /[?&](?:schema|currentschema|search_?path)=([^&#]*)/i.exec(url) ?? []
  // Those of the URL, of the settings, or of PGOPTIONS.
  const { options = '' } = (client as unknown as { connectionParameters: { options?: string } }).connectionParameters
  const [, inOptions] = /search_?path\s*=\s*(\S*)/i.exec(options) ?? []
  const named = inUrl === undefined ? inOptions : decodeURIComponent(inUrl)
  if (named !== undefined && named !== schema)
    throw new Error(`the connection names the schema ${JSON.stringify(named)}: pass it to migrate() as schema instead`)
}

async function run(client: ClientBase, options: MigrateOptions & { schema: string }): Promise<string[]> {
  const { direction = 'up', count, schema, log = () => undefined } = options
  const { runner } = await import(/* webpackIgnore: true */ 'node-pg-migrate')
  await begin(client)
  const notice = ({ message }: { message: string | undefined }) => {
    log(message ?? '')
  }
  client.on('notice', notice)
  try {
    await prepare(client, schema, direction)
    const done = await runner({
      dbClient: withoutTransactions(client),
      dir: migrationsFolder(),
      migrationsTable,
      migrationsSchema: schema,
      direction,
      ...(count === undefined ? {} : { count }),
      singleTransaction: true,
      noLock: true,
      logger: { info: log, warn: log, error: log, debug: log },
    })
    await client.query('commit')
    return done.map((migration) => migration.name)
  } catch (error) {
    // After a lost connection this fails too; the first error has the reason.
    await client.query('rollback').catch(() => undefined)
    throw error
  } finally {
    client.off('notice', notice)
  }
}

/** The client without the BEGIN and COMMIT of node-pg-migrate, which is part of a transaction here. */
function withoutTransactions(client: ClientBase): ClientBase {
  const query = (text: string, values?: unknown[]) =>
    /^(BEGIN|COMMIT|ROLLBACK)$/.test(text) ? Promise.resolve() : client.query(text, values)
  return { query } as unknown as ClientBase
}

/** Begins a transaction, and refuses a client that is in one: that would be committed. */
async function begin(client: ClientBase): Promise<void> {
  // Outside of a transaction each statement is one of its own.
  const { rows } = await client.query<{ alone: string }>(
    'select (pg_catalog.now() operator(pg_catalog.=) pg_catalog.statement_timestamp())::pg_catalog.text as alone',
  )
  if (rows[0]?.alone !== 'true')
    throw new Error('the client is in a transaction: pass one that is not, or run the statements of installSql() in it')
  await client.query('begin isolation level read committed read write')
}

/** Does what goes before migrations, in their transaction. */
async function prepare(client: ClientBase, schema: string, direction: 'up' | 'down'): Promise<void> {
  await nameSchema(client, schema)
  const migrations = readMigrations()
  const repair = direction === 'up' ? [findFaults(migrations), repairFaults(migrations)] : []
  for (const block of [...prepareMigrations(migrations), ...repair]) await client.query(doBlock(block))
}

function isClient(database: MigrateOptions['database']): database is ClientBase {
  return typeof database === 'object' && 'query' in database
}
