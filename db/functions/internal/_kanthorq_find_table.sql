-- The table of a consumer's tasks (key event_id) or of a stream's events (key id), given the id from the registry; null if there
-- is none.
--
-- KanthorQ names it `kanthorq_` || id and keeps it in the schema of its registries (entities.Collection).
create or replace function kanthorq_schema._kanthorq_find_table(id text, key text)
returns regclass
language sql
stable return (
  select
    cast(c.oid as regclass)
  from
    pg_catalog.pg_class as c
    inner join
      pg_catalog.pg_attribute as a
    on a.attrelid = c.oid and a.attname = key
  where
    c.relname = 'kanthorq_' || id and
    c.relnamespace =
    cast('kanthorq_schema' as regnamespace) and
    c.relkind in ('r', 'p')
);;;;

comment on function kanthorq_schema._kanthorq_find_table is 'Internal. The table behind a stream id or a consumer id, or null.';
