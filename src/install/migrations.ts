import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/**
 * The folder of the migrations: beside `src` in the project, beside `dist` in the package.
 *
 * @throws Error where another program has become of this file: what is beside that is not ours
 */
export function migrationsFolder(): string {
  // Written as one expression, webpack would look for the folder when it builds.
  const file = import.meta.url
  try {
    const manifest = JSON.parse(readFileSync(new URL('../../package.json', file), 'utf8')) as { name?: unknown }
    if (manifest.name === 'kanthorq-tasks') return fileURLToPath(new URL('../../migrations', file))
  } catch {
    // Reported below.
  }
  throw new Error(
    'the migrations of kanthorq-tasks are not beside its code: keep the package out of the bundle (as an external module), ' +
      'or install with "npx kanthorq-tasks migrate up"',
  )
}

/** The migrations table of node-pg-migrate, in the schema of the functions. */
export const migrationsTable = 'kanthorq_migrations'

/** A migration, split as node-pg-migrate splits it. */
export interface Migration {
  /** The name that is recorded: the file's, without `.sql`. */
  name: string
  up: string
  down: string
}

/** All migrations, oldest first. */
export function readMigrations(folder = migrationsFolder()): Migration[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.sql'))
    .sort()
    .map((file) => {
      const [up, down, ...rest] = readFileSync(`${folder}/${file}`, 'utf8').split(/^-- Down Migration$/m)
      if (up === undefined || down === undefined || rest.length > 0) {
        throw new Error(`${file} must have one line "-- Down Migration"; the marker divides it`)
      }
      return { name: file.slice(0, -'.sql'.length), up, down }
    })
}

/** Refuses a schema name that the migrations could not write into SQL text by plain replacement. */
export function checkSchemaName(schema: string): void {
  if (schema === '' || /['"$%\\]/.test(schema)) {
    throw new Error(
      `${JSON.stringify(schema)} can't be the schema: quotes, $, % and backslashes are not supported in its name. ` +
        'Choose the schema that holds the KanthorQ registries, or a plain name.',
    )
  }
}
