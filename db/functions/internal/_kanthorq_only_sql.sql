-- A table as SQL for FROM and UPDATE, qualified and quoted: without children that inherit from it, but with its partitions.
create or replace function kanthorq_schema._kanthorq_only_sql(name regclass)
returns text
language plpgsql
stable
as $function$
begin
  return (select case c.relkind when 'p' then '' else 'only ' end || c.oid::regclass from pg_class c where c.oid = name);
end
$function$;

comment on function kanthorq_schema._kanthorq_only_sql is 'Internal. A table as SQL for FROM and UPDATE.';
