-- How many tasks a consumer has in each state. Looks at all of its tasks.
--
-- Without a name, all consumers of the registry; one whose table is gone is left out, kanthorq_doctor() tells of it.
create or replace function kanthorq_schema.kanthorq_task_stats(consumer text default null)
returns table (
  consumer_name text,
  state text,
  tasks bigint,
  oldest timestamp with time zone,
  next_due timestamp with time zone,
  stuck bigint
)
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_name text;
  v_consumer record;
  v_action record := kanthorq_schema._kanthorq_task_action('discard', false);
  v_now bigint := floor(extract(epoch from clock_timestamp()) * 1000)::bigint;
begin
  if consumer is not null then
    perform kanthorq_schema._kanthorq_consumer(consumer);
  end if;
  for v_name in
    select r.name::text from kanthorq_schema.kanthorq_consumer_registry r
    where (consumer is null or r.name = consumer)
      and kanthorq_schema._kanthorq_find_table(r.id::text, 'event_id') is not null
    order by r.name
  loop
    v_consumer := kanthorq_schema._kanthorq_consumer(v_name);
    return query execute format(
      'select $3, coalesce(s.name, c.state::text), c.tasks, %s, %s, c.stuck'
      ' from ('
      '   select t.state, count(*) as tasks, min(t.created_at) as oldest,'
      '     min(t.schedule_at) filter (where t.state = any ($4) and t.attempt_count <= $2) as due,'
      '     count(*) filter (where t.state = any ($5) and %s) as stuck'
      '   from %s t group by t.state'
      ' ) c'
      ' left join kanthorq_schema._kanthorq_task_states() s on s.code = c.state'
      ' order by c.state',
      kanthorq_schema._kanthorq_as_time('c.oldest'),
      kanthorq_schema._kanthorq_as_time('c.due'),
      v_action.condition,
      v_consumer.task_table
    )
    using v_now, (v_consumer.registry).attempt_max, v_name,
      array[kanthorq_schema._kanthorq_task_state('running'), kanthorq_schema._kanthorq_task_state('retryable')],
      v_action.from_states;
  end loop;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_stats is 'How many tasks there are in each state, for one consumer or, with null, for all of them.

consumer  name of a consumer, or null for all

Returns a row for each consumer and state that has tasks:
consumer_name  whose tasks they are
state          the state that they are in; a number if KanthorQ has no such state
tasks          how many there are
oldest         when the oldest of them was made
next_due       when the first of them that a worker may take is due; in the past if one is waiting, null if there is none
stuck          how many are running, overdue and with their attempts spent: kanthorq_task_discard frees them

Raises KQ001 if there is no such consumer, KQ002 if its table is gone.';

revoke all on function kanthorq_schema.kanthorq_task_stats from public;
