-- The table that holds the events of a stream or the tasks of a consumer, given the id from its registry row.
--
-- KanthorQ names it `kanthorq_` || id and keeps it in the schema of its registries (entities.Collection).
-- owner says whose table it is, for the message. The result prints qualified and quoted, ready for format('%s').
-- Raises KQ002 when the table is gone.
create or replace function kanthorq_schema._kanthorq_table(id text, owner text)
returns regclass
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_name text := format('kanthorq_schema.%I', 'kanthorq_' || id);
begin
  if to_regclass(v_name) is null then
    raise exception 'the table % of % is gone', v_name, owner
      using errcode = 'KQ002',
        hint = 'Restore the table from a backup. Registering the name again would make an empty one.';
  end if;
  return to_regclass(v_name);
end
$function$;

comment on function kanthorq_schema._kanthorq_table is 'Internal. The table behind a stream id or a consumer id; KQ002 if it is gone.';

revoke all on function kanthorq_schema._kanthorq_table from public;
