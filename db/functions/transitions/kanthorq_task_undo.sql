-- Puts the tasks of an operation back to what they were before it, where nothing has touched them since.
--
-- A task is as the operation left it if it has the state, updated_at, finalized_at and attempt_count that the operation gave
-- it: every transition of ours sets updated_at, and whatever KanthorQ does to such a task changes its state, adds an
-- attempt, or finalizes it anew. All others are no-ops. updated_at goes back too, so that the operation before can be undone
-- next.
--
-- The tasks are locked in the order of their ids first, like those of any transition. The undo is an operation itself, and
-- can be undone.
create or replace function
kanthorq_schema.kanthorq_task_undo(
  operation_id bigint,
  reason text default null,
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
set jit = off
as $function$
declare
  v_operation kanthorq_schema.kanthorq_task_operation;
  v_consumer record;
  v_at bigint;
  v_to_state smallint;
  v_done kanthorq_schema.kanthorq_task_operation;
begin
  select o.* into v_operation from kanthorq_schema.kanthorq_task_operation o where o.id = operation_id;
  if not found then
    raise exception 'there is no operation %', coalesce(operation_id::text, 'null')
      using errcode = 'KQ004', hint = 'kanthorq_task_operations() lists them; an old one may have been purged.';
  end if;
  v_consumer := kanthorq_schema._kanthorq_consumer(v_operation.consumer);

  -- What the log leaves out follows from the action.
  v_at := (extract(epoch from v_operation.at) * 1000)::bigint;
  if v_operation.action <> 'undo' then
    v_to_state := (kanthorq_schema._kanthorq_task_action(v_operation.action, false)).to_state;
  end if;
  v_done.at := date_trunc('milliseconds', clock_timestamp());
  v_done.action := 'undo';
  v_done.consumer := v_operation.consumer;
  v_done.reason := reason;
  v_done.undoes := operation_id;

  execute format(
    'with entry as ('
    ' select * from unnest((select $2), (select $3), (select $4), (select $5), (select $6), (select $7), (select $8), (select $9), (select $10), (select $11))'
    '   as e (event_id, from_state, from_updated_at, from_schedule_at, from_finalized_at, from_attempt_count,'
    '     to_state, to_updated_at, to_finalized_at, to_attempt_count)'
    '), locked as materialized ('
    ' select e.event_id, t.state as is_state, t.updated_at as is_updated_at, t.schedule_at as is_schedule_at, t.finalized_at as is_finalized_at,'
    '   t.attempt_count as is_attempt_count, e.from_state, e.from_updated_at, e.from_schedule_at, e.from_finalized_at, e.from_attempt_count,'
    '   coalesce(e.to_state, $12) as to_state, coalesce(e.to_updated_at, $1) as to_updated_at,'
    '   coalesce(e.to_finalized_at, $13) as to_finalized_at, e.to_attempt_count'
    ' from entry e join %1$s t on t.event_id = e.event_id'
    ' order by t.event_id for no key update of t'
    '), moved as ('
    ' update %1$s as t set state = l.from_state, updated_at = l.from_updated_at, finalized_at = coalesce(l.from_finalized_at, 0),'
    '   schedule_at = coalesce(l.from_schedule_at, t.schedule_at),'
    '   attempt_count = coalesce(l.from_attempt_count, t.attempt_count)'
    ' from locked l'
    ' where t.event_id = l.event_id and t.state = l.to_state and t.updated_at = l.to_updated_at and t.finalized_at = l.to_finalized_at'
    '   and t.attempt_count = coalesce(l.to_attempt_count, t.attempt_count)'
    ' returning l.*, t.finalized_at as now_finalized_at, t.attempt_count as now_attempt_count'
    ')'
    ' select coalesce(array_agg(event_id), ''{}''), array_agg(is_state), array_agg(is_updated_at), array_agg(is_schedule_at),'
    '   array_agg(is_finalized_at), array_agg(is_attempt_count),'
    '   array_agg(from_state), array_agg(from_updated_at), array_agg(now_finalized_at),'
    '   array_agg(now_attempt_count) from moved',
    v_consumer.task_table
  )
  into v_done.event_ids, v_done.from_state, v_done.from_updated_at, v_done.from_schedule_at, v_done.from_finalized_at,
    v_done.from_attempt_count, v_done.to_state, v_done.to_updated_at, v_done.to_finalized_at, v_done.to_attempt_count
  using v_at, v_operation.event_ids, v_operation.from_state, v_operation.from_updated_at, v_operation.from_schedule_at,
    v_operation.from_finalized_at, v_operation.from_attempt_count, v_operation.to_state, v_operation.to_updated_at,
    v_operation.to_finalized_at, v_operation.to_attempt_count, v_to_state,
    case when v_operation.action = 'resume' then 0 else v_at end;

  if cardinality(v_done.event_ids) > 0 then
    perform kanthorq_schema._kanthorq_task_log(v_done);
  end if;

  select p.updated, p.noop into updated, noop
  from kanthorq_schema._kanthorq_partition_ids(v_operation.event_ids, v_done.event_ids) p;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_undo is 'Undoes an operation of the log: puts its tasks back to the state each came from, where nothing has moved them since.

operation_id  an id of kanthorq_task_operations
reason        why, for the log

Returns one row of two arrays that hold each task of the operation once:
updated       the tasks that are now as they were before the operation
noop          ids of tasks that something has touched since, or that do not exist any more

An undo is an operation itself, and can be undone. Raises KQ004 if there is no such operation, KQ001 or KQ002 if its consumer is
gone.';

revoke all on function kanthorq_schema.kanthorq_task_undo from public;
