-- Moves tasks of one consumer and logs it: what cancel, resume and discard have in common.
--
-- One statement locks the rows in the order of their ids, then updates them. So two calls with overlapping ids wait for each other
-- and never deadlock, whatever plan PostgreSQL chooses. The condition is tested again on the row that is updated: of two racing
-- calls exactly one reports a task as updated.
--
-- - cancel and discard write what KanthorQ's own calls write: state and finalized_at.
-- - running lets cancel take running tasks too: the report of their worker then does nothing.
-- - resume makes tasks running, because that is what KanthorQ's visibility puller takes up, if attempt_count <= attempt_max. With
--   attempt_max - 1 a worker that dies in the attempt does not strand the task: it is due once more.
-- - updated_at grows, also within a millisecond, so that undo tells two operations apart.
--
-- due is when resumed tasks run, in epoch milliseconds. The n-th task, in the order of ids, runs at
-- due + (spread_from + n - 1) * spread_step.
create or replace function
kanthorq_schema._kanthorq_task_transition(
  action text,
  consumer text,
  event_ids text[],
  reason text,
  running boolean,
  due bigint,
  reset_attempts boolean,
  spread_step double precision,
  spread_from bigint,
  bulk_id bigint,
  out updated text[],
  out noop text[],
  out operation_id bigint
)
returns record
language plpgsql
volatile
as $function$
declare
  v_consumer record := kanthorq_schema._kanthorq_consumer(consumer);
  v_now bigint := kanthorq_schema._kanthorq_now();
  v_changes kanthorq_schema.kanthorq_task_change[];
  v_moved text[];
begin
  -- The array of ids stands in a sub-select: the planner would look at each element.
  execute format($q$
    with locked as materialized (
      select t.event_id, t.state, t.schedule_at, t.finalized_at, t.attempt_count, t.updated_at
      from %1$s t
      where t.event_id = any ((select $3)::text[]) and %2$s
      order by t.event_id
      for no key update
    ),
    moved as (
      update %1$s t
      set state = $4, %3$s, updated_at = case when t.updated_at between $1 and 9223372036854775806 then t.updated_at + 1 else $1 end
      from %4$s l
      where t.event_id = l.event_id and %2$s
      returning (
        l.event_id, l.state, l.schedule_at, l.finalized_at, l.attempt_count, l.updated_at,
        t.state, t.schedule_at, t.finalized_at, t.attempt_count, t.updated_at
      )::kanthorq_schema.kanthorq_task_change as change
    )
    select array_agg(m.change), array_agg((m.change).event_id) from moved m
    $q$,
    v_consumer.tasks,
    kanthorq_schema._kanthorq_task_takes_sql(action, true, running),
    case action
      when 'resume' then $set$
        finalized_at = 0,
        schedule_at = $5 + ($6 * ($7 + l.n - 1))::bigint,
        attempt_count = case when $8 then 0 else least(t.attempt_count, greatest($2 - 1, 0)) end
        $set$
      else 'finalized_at = $1'
    end,
    case action when 'resume' then '(select *, row_number() over (order by event_id) as n from locked)' else 'locked' end
  )
  into v_changes, v_moved
  using v_now, v_consumer.attempt_max, event_ids,
    case action
      when 'cancel' then kanthorq_schema._kanthorq_task_state('cancelled')
      when 'resume' then kanthorq_schema._kanthorq_task_state('running')
      when 'discard' then kanthorq_schema._kanthorq_task_state('discarded')
    end,
    coalesce(due, v_now), spread_step, spread_from, coalesce(reset_attempts, false);

  if v_changes is not null then
    operation_id := kanthorq_schema._kanthorq_task_log(v_now, action, consumer, reason, v_changes, bulk_id, null::bigint, null::bigint);
  end if;
  select d.updated, d.noop into updated, noop from kanthorq_schema._kanthorq_divide_ids(event_ids, v_moved) d;
end
$function$;

comment on function kanthorq_schema._kanthorq_task_transition is 'Internal. Does an action to the given tasks, logs it, and says which ids were moved.';
