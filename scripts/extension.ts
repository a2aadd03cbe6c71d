import { installBlock } from '../src/install/install-block.ts'
import { readMigrations } from '../src/install/migrations.ts'

/** The version of an extension, and the older ones that it can be updated from. */
export interface ExtensionVersions {
  version: string
  earlier?: readonly string[]
}

/**
 * The files of the PostgreSQL extension, by their names.
 *
 * The extension brings one function, `kanthorq_migrate`, and that installs. It can't be CREATE EXTENSION itself: a dump
 * restores extensions before tables, so one that made the tables would be in the way of those that the dump brings with
 * their rows; and were they its own, DROP EXTENSION would take the rows away. So nothing that it installs belongs to it:
 * the tables and functions are the same as by any other way, with the same owner, and each way can go on from the others.
 */
export function extensionFiles(
  { version, earlier = [] }: ExtensionVersions,
  migrations = readMigrations(),
): Record<string, string> {
  const sql = migrateFunction(migrations)
  const half = halfOf(version)
  const middle = sql.lastIndexOf('\n', sql.length / 2) + 1
  const first = script('create extension kanthorq_tasks', firstHalf(sql.slice(0, middle)))
  return {
    'kanthorq_tasks.control': control(version),
    [`kanthorq_tasks--${half}.sql`]: first,
    ...Object.fromEntries(earlier.map((from) => [`kanthorq_tasks--${from}--${half}.sql`, first])),
    [`kanthorq_tasks--${half}--${version}.sql`]: script('create extension kanthorq_tasks', secondHalf(sql.slice(middle))),
  }
}

/**
 * A version before a version: dbdev takes no script of more than 250,000 characters, so there are two, which PostgreSQL runs one after
 * the other. 1.2.3 has 0.0.10203, because another one on the same server has another text.
 */
export function halfOf(version: string): string {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number)
  return `0.0.${(major * 100 + minor) * 100 + patch}`
}

const firstHalf = (sql: string) => `create or replace function @extschema@._kanthorq_first_half()
returns text
language sql
immutable
return $half$${sql}$half$;
`

const secondHalf = (sql: string) => `do $do$
begin
  execute @extschema@._kanthorq_first_half() || $half$${sql}$half$;
end
$do$;

drop function @extschema@._kanthorq_first_half();
`

const control = (version: string) => `# kanthorq-tasks as an extension of PostgreSQL
comment = 'Cancel and resume KanthorQ tasks: select kanthorq_migrate() installs or updates the functions'
default_version = '${version}'
# kanthorq_migrate() has the name of its schema in it.
relocatable = false
# Any role with CREATE on the database may create it: the functions that it installs act with the rights of the role that calls
# kanthorq_migrate(), which should be the owner of KanthorQ's tables, and no superuser.
superuser = false
`

function script(statement: string, sql: string): string {
  return `-- psql does nothing with this file: the server reads it.
\\echo Use "${statement}" to load this file. \\quit

${sql}`
}

function migrateFunction(migrations: ReturnType<typeof readMigrations>): string {
  return `create or replace function @extschema@.kanthorq_migrate()
returns setof text
language plpgsql
volatile
set search_path to @extschema@, pg_temp
as $install$
${installBlock((name) => `return next '${name}';`, migrations)}
$install$;

comment on function @extschema@.kanthorq_migrate is 'Installs kanthorq-tasks into this schema, or updates it; returns the names of the migrations that it applied.

Call it as the role that KanthorQ connects as: the functions belong to the caller and act with its rights. What it
makes does not belong to the extension, so that a dump has all of it, and DROP EXTENSION takes none of it away. kanthorq-tasks
migrate, from npm, goes on from here, and takes back.';

revoke all on function @extschema@.kanthorq_migrate from public;
`
}
