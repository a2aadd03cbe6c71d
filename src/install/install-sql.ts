import { installBlock } from './install-block.ts'

/**
 * What `migrate` does, as one SQL statement for a migration of the application; {@link installFile} is for psql.
 *
 * It installs into the current schema, applies what that schema's `kanthorq_migrations` does not record yet, and records
 * it there. So it also updates an older installation, and later updates may be done either way.
 *
 * @throws Error inside a bundle, which has no migrations
 * @example
 * await client.query(installSql())
 */
export function installSql(): string {
  return `do $install$
${installBlock()}
$install$;
`
}

/** {@link installSql} in a transaction of its own: a file for people who have only psql. */
export function installFile(): string {
  return `-- kanthorq-tasks: installs or updates the functions in the current schema.
--   psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -f kanthorq-tasks.sql
-- For a schema other than public, set it first: PGOPTIONS="-c search_path=queue" psql ...
begin isolation level read committed read write;

${installSql()}
commit;
`
}
