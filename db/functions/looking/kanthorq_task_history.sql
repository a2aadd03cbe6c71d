-- level: viewer
-- What happened to the tasks of one event, oldest first, for each consumer that has or had one.
--
-- KanthorQ records failed attempts, but of those that succeeded or were never acknowledged only the last: attempted_at. What the log has
-- lost by kanthorq_task_operation_purge is missing here, too.
create or replace function
kanthorq_schema.kanthorq_task_history(
  event_id text,
  consumer text default null
)
returns table (
  consumer_name text,
  at timestamp with time zone,
  what text,
  detail text,
  actor text,
  reason text,
  operation_id bigint,
  undone boolean
)
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_name text;
  v_consumer record;
begin
  if event_id is null then
    raise exception 'event_id is null' using errcode = 'KQ003', hint = 'Pass the id of an event.';
  end if;
  for v_name in select c from kanthorq_schema._kanthorq_consumers(kanthorq_task_history.consumer) c loop
    v_consumer := kanthorq_schema._kanthorq_consumer(v_name);
    return query execute format($q$
      with task as materialized (select t.* from %s t where t.event_id = $1),
      operation as materialized (
        select o.id, o.at, o.action, o.actor, o.reason, o.undoes, coalesce(o.origin, o.id) as chain, c.from_state, c.to_state,
          c.to_schedule_at, c.to_finalized_at
        from kanthorq_schema.kanthorq_task_operation o
        cross join lateral unnest(o.changes) c
        where o.consumer = $2 and o.last_event_id >= $1 and o.first_event_id <= $1 and c.event_id = $1
      )
      select $2, h.at, h.what, h.detail, h.actor, h.reason, h.id, h.undone
      from (
        select 1 as part, kanthorq_schema._kanthorq_as_time(t.created_at) as at, 'made' as what, t.subject::text as detail,
          null::text as actor, null::text as reason, null::bigint as id, null::boolean as undone
        from task t
        union all
        select 2, kanthorq_schema._kanthorq_as_time(kanthorq_schema._kanthorq_error_time(e.failure)), 'attempt failed',
          e.failure ->> 'error', null, null, null, null
        from task t
        cross join lateral unnest(t.attempted_error) e (failure)
        union all
        select 3, kanthorq_schema._kanthorq_as_time(t.attempted_at), 'picked up again',
          format('attempt %%s of at most %%s after the first', t.attempt_count, $4), null, null, null, null
        from task t
        where t.attempted_at > 0
        union all
        -- The operations of a chain of undos take the task to and fro.
        select 4, o.at, o.action,
          format('from %%s to %%s', kanthorq_schema._kanthorq_task_state_name(o.from_state),
            kanthorq_schema._kanthorq_task_state_name(o.to_state)) || coalesce(', undoes operation ' || o.undoes, ''),
          o.actor, o.reason, o.id, (select count(*) %% 2 = 1 from operation u where u.chain = o.chain and u.id > o.id)
        from operation o
        union all
        select 5, kanthorq_schema._kanthorq_as_time(t.finalized_at), kanthorq_schema._kanthorq_task_state_name(t.state),
          'not by a call of this API', null, null, null, null
        from task t
        where t.finalized_at > 0 and not exists (select from operation o where o.to_finalized_at = t.finalized_at)
        union all
        select 6, null, 'now',
          kanthorq_schema._kanthorq_task_why(
            kanthorq_schema._kanthorq_task_state_name(t.state), kanthorq_schema._kanthorq_as_time(t.schedule_at),
            kanthorq_schema._kanthorq_as_time(nullif(t.finalized_at, 0)), t.attempt_count, $4,
            t.attempted_error[array_upper(t.attempted_error, 1)] ->> 'error', kanthorq_schema._kanthorq_as_time($3)
          ), null, null, null, null
        from task t
      ) h
      order by h.part = 6, h.at nulls first, h.part, h.id
      $q$,
      v_consumer.tasks
    )
    using event_id, v_name, kanthorq_schema._kanthorq_now(), v_consumer.attempt_max;
  end loop;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_history is 'What happened to the task of an event, oldest first: who did what, when and why.

event_id  the event
consumer  only the task of this consumer; null is all of them

Returns rows for each consumer that has, or had, a task of this event, in the order of the consumers'' names:
consumer_name  whose task it is
at             when; null of now, and of an attempt whose error has no valid time
what           made, attempt failed, picked up again (the last time), cancel, resume, discard, undo, completed, cancelled or discarded
               (otherwise than by this API), or now
detail         of made the subject, of a failed attempt the error, of an operation the states, of now what comes next
actor          of an operation, the role that had logged in
reason         of an operation, the reason that was given
operation_id   of an operation, what kanthorq_task_undo takes
undone         of an operation, whether it has been undone for this task

No row means that no consumer has a task of this event. A consumer whose table is gone or has a fault is left out with a warning.
Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a null event_id.';
