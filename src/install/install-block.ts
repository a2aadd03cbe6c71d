import { migrationsTable, readMigrations } from './migrations.ts'
import { changedSettings, findFaults, prepareMigrations, repairFaults } from './prepare.ts'

/**
 * What `migrate` does, as a PL/pgSQL block that installs into the current schema: applies the migrations that its
 * `kanthorq_migrations` does not record yet, and records them there. The caller's settings are as before in the end.
 *
 * @param whenApplied - a statement to add after a migration, given its name
 */
export function installBlock(whenApplied: (name: string) => string = () => '', migrations = readMigrations()): string {
  const steps = [
    ...prepareMigrations(migrations),
    findFaults(migrations),
    repairFaults(migrations),
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
  return `declare
  v_schema text := pg_catalog.current_schema();
  v_path text := pg_catalog.current_setting('search_path');
  v_settings jsonb;
begin
perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
select jsonb_build_object('search_path', v_path) || jsonb_object_agg(s.name, coalesce(current_setting(s.name, true), '')) into v_settings
from unnest('{${changedSettings.join(', ')}}'::text[]) s (name);
perform set_config('kanthorq.schema', v_schema, true);

${steps.join('\n\n')}

perform set_config(s.key, s.value, true) from jsonb_each_text(v_settings) s;
end`
}
