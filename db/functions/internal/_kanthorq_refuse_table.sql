-- Raises KQ002 for the table of a stream or a consumer that is gone, or that has a fault. kind and name say whose it is.
create or replace function kanthorq_schema._kanthorq_refuse_table(id text, kind text, name text)
returns void
language plpgsql
stable
as $function$
declare
  v_table regclass := kanthorq_schema._kanthorq_find_table(id);
begin
  if v_table is null then
    raise exception 'the table % of % % is gone',
        format('kanthorq_schema.%I', 'kanthorq_' || id), kind, kanthorq_schema._kanthorq_shown(name)
      using errcode = 'KQ002',
        hint = 'Restore the table from a backup. Registering the name again would make an empty one.';
  end if;
  raise exception 'the table % of % % %',
      v_table, kind, kanthorq_schema._kanthorq_shown(name), kanthorq_schema._kanthorq_table_fault(v_table, kind)
    using errcode = 'KQ002', hint = 'kanthorq_doctor() has the statement that repairs it.';
end
$function$;

comment on function kanthorq_schema._kanthorq_refuse_table is 'Internal. Raises KQ002 for a table that is gone or has a fault.';
