-- Whether the books of the migrations record the one of this name. They are not there if somebody copied the functions by
-- hand.
create or replace function kanthorq_schema._kanthorq_is_migrated(migration text)
returns boolean
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_found boolean := false;
begin
  if to_regclass('kanthorq_schema.kanthorq_migrations') is not null then
    execute 'select exists (select from kanthorq_schema.kanthorq_migrations m where m.name = $1)' into v_found using migration;
  end if;
  return v_found;
end
$function$;

comment on function kanthorq_schema._kanthorq_is_migrated is 'Internal. Whether kanthorq_migrations records a migration.';

revoke all on function kanthorq_schema._kanthorq_is_migrated from public;
