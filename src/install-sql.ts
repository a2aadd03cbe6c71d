import { PG_MIGRATE_LOCK_ID } from 'node-pg-migrate'
import { createMigrationsTable, migrationsTable, readMigrations } from './migrations.ts'

/**
 * One plain SQL file that does what `migrate` does, for people who have only psql.
 *
 * It installs into the current schema, applies what that schema's `kanthorq_migrations` does not record yet, and records
 * it there. So it also updates an older installation, and later updates may be done either way.
 */
export function installSql(): string {
  return [
    '-- kanthorq-tasks: installs or updates the functions in the current schema.',
    '--   psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -f kanthorq-tasks.sql',
    '-- For a schema other than public, set it first: PGOPTIONS="-c search_path=queue" psql …',
    'begin;',
    '',
    '-- The lock that node-pg-migrate takes, so that the two never run at once.',
    `do $lock$ begin perform pg_advisory_xact_lock(${String(PG_MIGRATE_LOCK_ID)}); end $lock$;`,
    '',
    `${createMigrationsTable()};`,
    '',
    ...readMigrations().flatMap(({ name, up }) => [
      'do $install$',
      'begin',
      `  if exists (select from ${migrationsTable} where name = '${name}') then return; end if;`,
      '  execute $up$',
      up.trim(),
      '$up$;',
      `  insert into ${migrationsTable} (name, run_on) values ('${name}', now());`,
      'end',
      '$install$;',
      '',
    ]),
    'commit;',
    '',
  ].join('\n')
}
