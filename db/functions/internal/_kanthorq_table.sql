-- The table behind a stream id or a consumer id, like _kanthorq_find_table, but raises KQ002 when there is none.
--
-- kind and name say whose table it is, for the message. The result prints qualified and quoted, ready for format('%s').
create or replace function kanthorq_schema._kanthorq_table(id text, key text, kind text, name text)
returns regclass
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_table regclass := kanthorq_schema._kanthorq_find_table(id, key);
begin
  if v_table is null then
    raise exception 'the table % of % % is gone',
        format('kanthorq_schema.%I', 'kanthorq_' || id), kind, kanthorq_schema._kanthorq_shown(name)
      using errcode = 'KQ002',
        hint = 'Restore the table from a backup. Registering the name again would make an empty one.';
  end if;
  return v_table;
end
$function$;

comment on function kanthorq_schema._kanthorq_table is 'Internal. The table behind a stream id or a consumer id; KQ002 if it is gone.';

revoke all on function kanthorq_schema._kanthorq_table from public;
