import { migrationsTable, readMigrations } from './migrations.ts'
import { becomeOwner, chooseSchema, findFaults, lockMigrations, repairFaults } from './prepare.ts'

/**
 * What `migrate` does, as PL/pgSQL blocks that install into the current schema: applies the migrations that its
 * `kanthorq_migrations` does not record yet, and records them there.
 *
 * @param whenApplied - a statement to add after a migration, given its name
 * @returns blocks that follow each other, and make sense only in one transaction
 */
export function installSteps(whenApplied: (name: string) => string = () => '', migrations = readMigrations()): string[] {
  return [
    chooseSchema,
    becomeOwner,
    lockMigrations,
    findFaults(migrations),
    repairFaults,
    ...migrations.map(
      ({ name, up }) => `declare
  v_table text := format('%I.${migrationsTable}', current_setting('kanthorq.schema'));
  v_applied boolean;
begin
  execute format('select exists (select from %s where name = $1)', v_table) into v_applied using '${name}';
  if not v_applied then
execute $up$
${up.trim()}
$up$;
    execute format('insert into %s (name, run_on) values ($1, now())', v_table) using '${name}';
    ${whenApplied(name)}
  end if;
end;`,
    ),
  ]
}
