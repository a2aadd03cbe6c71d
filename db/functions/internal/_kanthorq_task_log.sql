-- Writes one row of the log in the caller's transaction, and returns its id. The table's defaults say who did it.
create or replace function
kanthorq_schema._kanthorq_task_log(
  now bigint,
  action text,
  consumer text,
  reason text,
  changes kanthorq_schema.kanthorq_task_change[],
  bulk_id bigint,
  undoes bigint,
  origin bigint
)
returns bigint
language plpgsql
volatile
as $function$
declare
  v_id bigint;
begin
  insert into kanthorq_schema.kanthorq_task_operation as o (
    at, action, consumer, reason, bulk_id, undoes, origin, tasks, from_states, first_event_id, last_event_id, changes
  )
  select
    kanthorq_schema._kanthorq_as_time(now), _kanthorq_task_log.action, _kanthorq_task_log.consumer, _kanthorq_task_log.reason,
    _kanthorq_task_log.bulk_id, _kanthorq_task_log.undoes, _kanthorq_task_log.origin, coalesce(sum(s.tasks), 0),
    coalesce(jsonb_object_agg(kanthorq_schema._kanthorq_task_state_name(s.state), s.tasks), '{}'), coalesce(min(s.first_id), ''),
    coalesce(max(s.last_id), ''),
    _kanthorq_task_log.changes
  from (
    select c.from_state as state, count(*) as tasks, min(c.event_id collate "C") as first_id, max(c.event_id collate "C") as last_id
    from unnest(_kanthorq_task_log.changes) c
    group by c.from_state
  ) s
  returning o.id into v_id;
  return v_id;
end
$function$;

comment on function kanthorq_schema._kanthorq_task_log is 'Internal. Writes an operation into the log and returns its id.';
