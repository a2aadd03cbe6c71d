-- The name of the newest migration, which is the one that brought this function. For kanthorq_doctor.
create or replace function kanthorq_schema._kanthorq_newest_migration()
returns text
language sql
immutable
security definer
set search_path to pg_catalog, pg_temp
as $function$
select '0005_faster_transitions'
$function$;

comment on function kanthorq_schema._kanthorq_newest_migration is 'Internal. The name of the newest migration.';

revoke all on function kanthorq_schema._kanthorq_newest_migration from public;
