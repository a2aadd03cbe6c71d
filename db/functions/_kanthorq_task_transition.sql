-- Moves the given tasks of one consumer to another state, in one UPDATE: what cancel and resume have in common.
--
-- from_states says which tasks qualify; assignments is SQL text of ours (never a caller's) that is appended to the
-- SET list and may use $4 now and $5 due, both in epoch milliseconds, and $6 the consumer's attempt_max.
--
-- Locking. Two calls with overlapping ids must never deadlock, so rows are locked in the order of their ids before
-- anything is updated. So that the table's key is the way to them: seqscan, bitmapscan and sort are off; the state is compared
-- as integer, which no index on the state column can serve; and the array is hidden in a sub-select, whose 50,000 ids the
-- planner need not look at one by one.
-- The state is tested on the updated row itself too: of two racing calls exactly one reports a task as updated.
create or replace function
kanthorq_schema._kanthorq_task_transition(
  consumer text,
  event_ids text[],
  from_states smallint[],
  to_state smallint,
  assignments text,
  due timestamp with time zone default null,
  out updated text[],
  out noop text[]
)
returns record
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
as $function$
declare
  v_consumer record;
  v_now bigint := floor(extract(epoch from clock_timestamp()) * 1000);
  v_due bigint := coalesce(floor(extract(epoch from due) * 1000), v_now);
begin
  perform kanthorq_schema._kanthorq_check_event_ids(event_ids);
  v_consumer := kanthorq_schema._kanthorq_consumer(consumer);

  execute format(
    'with moved as ('
    ' update %s as t set state = $3, updated_at = $4, %s'
    ' where t.event_id = any (array('
    '   select l.event_id from %s as l where l.event_id = any ((select $1)::text[]) and l.state::integer = any ($2)'
    '   order by l.event_id for no key update'
    ' )) and t.state::integer = any ($2)'
    ' returning t.event_id'
    ') select coalesce(array_agg(event_id::text), ''{}'') from moved',
    v_consumer.task_table,
    assignments,
    v_consumer.task_table
  )
  into updated
  using event_ids, from_states::integer[], to_state, v_now, v_due, (v_consumer.registry).attempt_max;

  -- As many as were asked for: each id was there once, and moved. The slice counts from 1, whatever the argument did.
  if cardinality(updated) = cardinality(event_ids) then
    updated := event_ids[:];
    noop := '{}';
    return;
  end if;

  select
    coalesce(array_agg(i.event_id) filter (where i.moved), '{}'),
    coalesce(array_agg(i.event_id) filter (where not i.moved), '{}')
  into updated, noop
  from (
    select u.event_id, u.event_id in (select m from unnest(updated) m) as moved
    from unnest(event_ids) with ordinality u (event_id, position)
    group by u.event_id
    order by min(u.position)
  ) i;
end
$function$;

comment on function kanthorq_schema._kanthorq_task_transition is 'Internal. Moves tasks from one of several states to another and says which ids moved.';

revoke all on function kanthorq_schema._kanthorq_task_transition from public;
