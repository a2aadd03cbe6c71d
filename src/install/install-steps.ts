import { createMigrationsTable, migrationsLock, migrationsTable, readMigrations } from './migrations.ts'

/**
 * What `migrate` does, as PL/pgSQL that installs into the current schema: applies the migrations that its
 * `kanthorq_migrations` does not record yet, and records them there.
 *
 * @param whenApplied - a statement to add after a migration, given its name
 * @returns groups of statements that follow each other, and make sense only as one transaction
 */
export function installSteps(
  whenApplied: (name: string) => string | undefined = () => undefined,
  migrations = readMigrations(),
): string[] {
  return [
    [
      '-- The lock that node-pg-migrate takes, so that the two never run at once.',
      `perform pg_advisory_xact_lock(${String(migrationsLock)});`,
    ],
    [`${createMigrationsTable()};`],
    ...migrations.map(({ name, up }) => [
      `if not exists (select from ${migrationsTable} where name = '${name}') then`,
      'execute $up$',
      up.trim(),
      '$up$;',
      `insert into ${migrationsTable} (name, run_on) values ('${name}', now());`,
      whenApplied(name),
      'end if;',
    ]),
  ].map((lines) => lines.filter((line) => line !== undefined).join('\n'))
}
