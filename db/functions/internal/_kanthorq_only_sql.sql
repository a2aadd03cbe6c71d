-- A table as SQL for FROM and UPDATE, qualified and quoted: without children that inherit from it, but with its partitions.
create or replace function kanthorq_schema._kanthorq_only_sql(name regclass)
returns text
language sql
stable
return (select case c.relkind when 'p' then '' else 'only ' end || c.oid::regclass from pg_catalog.pg_class c where c.oid = name);

comment on function kanthorq_schema._kanthorq_only_sql is 'Internal. A table as SQL for FROM and UPDATE.';
