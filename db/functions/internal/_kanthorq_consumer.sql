-- Finds a consumer by its name: its registry row, and the table that holds its tasks.
--
-- Raises KQ001 when the registry has no such consumer, KQ002 when it has but the table is gone, KQ003 for null.
create or replace function
kanthorq_schema._kanthorq_consumer(
  consumer text,
  out registry kanthorq_schema.kanthorq_consumer_registry,
  out task_table regclass
)
returns record
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
begin
  if consumer is null then
    raise exception 'consumer is null' using errcode = 'KQ003', hint = 'Pass the name of a consumer.';
  end if;
  select r.* into registry from kanthorq_schema.kanthorq_consumer_registry r where r.name = consumer;
  if not found then
    raise exception 'there is no consumer %', kanthorq_schema._kanthorq_shown(consumer)
      using errcode = 'KQ001',
        hint = 'Names are case-sensitive. To list them: select name from kanthorq_schema.kanthorq_consumer_registry';
  end if;
  task_table := kanthorq_schema._kanthorq_table(registry.id::text, 'event_id', 'consumer', consumer);
end
$function$;

comment on function kanthorq_schema._kanthorq_consumer is 'Internal. The registry row and the task table of a consumer; KQ001 or KQ002 if either is missing.';

revoke all on function kanthorq_schema._kanthorq_consumer from public;
