-- Whether a consumer's table has a usable index that begins with (state, schedule_at), under any name.
--
-- KanthorQ gives the index of each consumer the same name, so that only the first consumer of a schema gets one.
create or replace function kanthorq_schema._kanthorq_has_scheduling_index(task_table regclass)
returns boolean
language sql
stable
as $function$
select exists (
  select
  from pg_index i
  join pg_class c on c.oid = i.indexrelid and i.indnkeyatts >= 2
  join pg_am m on m.oid = c.relam and m.amname = 'btree'
  join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0] and a.attname = 'state'
  join pg_attribute b on b.attrelid = i.indrelid and b.attnum = i.indkey[1] and b.attname = 'schedule_at'
  where i.indrelid = task_table and i.indisvalid and i.indpred is null
)
$function$;

comment on function kanthorq_schema._kanthorq_has_scheduling_index is 'Internal. Whether the table has a usable index that begins with (state, schedule_at).';
