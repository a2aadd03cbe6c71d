-- Writes into running tasks what a worker reports: what complete, fail, extend and release have in common.
--
-- Only the attempt that a worker holds is changed: attempt_count grows with each pull, of KanthorQ's program too, so the report of a
-- worker that has lost its task to another one changes nothing. Of an id that is given twice the first counts.
--
-- The rows are locked in the order of their ids, as in _kanthorq_task_transition. Unlike a transition, a report is not logged, and
-- leaves updated_at as it is, like KanthorQ's own.
create or replace function
kanthorq_schema._kanthorq_task_report(
  action text,
  consumer text,
  event_ids text[],
  attempts int[],
  errors text[],
  stacks text[],
  due bigint,
  extend_by interval,
  out updated text[],
  out noop text[]
)
returns record
language plpgsql
volatile
as $function$
declare
  v_consumer record;
  v_moved text[];
begin
  perform kanthorq_schema._kanthorq_check_event_ids(event_ids);
  v_consumer := kanthorq_schema._kanthorq_consumer(consumer);
  if cardinality(attempts) <> cardinality(event_ids) then
    raise exception 'there are % attempts for % event_ids', cardinality(attempts), cardinality(event_ids)
      using errcode = 'KQ003', hint = 'Pass the attempt that kanthorq_task_pull returned with each id, or null to report on any attempt.';
  end if;
  if action = 'fail' and (errors is null or cardinality(errors) <> cardinality(event_ids) or cardinality(stacks) <> cardinality(event_ids)) then
    raise exception 'there are % errors and % stacks for % event_ids', coalesce(cardinality(errors)::text, 'null'),
        coalesce(cardinality(stacks)::text, 'null'), cardinality(event_ids)
      using errcode = 'KQ003', hint = 'Pass an error for each id, and as many stacks or null.';
  elsif array_position(errors, null) is not null or '' = any (errors) then
    raise exception 'errors[%] is %', coalesce(array_position(errors, null), array_position(errors, '')),
        case when array_position(errors, null) is null then 'empty' else 'null' end
      using errcode = 'KQ003', hint = 'Say why the task failed: KanthorQ''s program refuses tasks with an empty error.';
  end if;
  if not isfinite(extend_by) or extend_by <= interval '0' or extend_by > interval '1 year' then
    raise exception 'extend_by is %', extend_by
      using errcode = 'KQ003', hint = 'Pass an interval of more than nothing and at most a year, or null for the visibility timeout.';
  end if;

  execute format($q$
    with given as materialized (
      select distinct on (g.event_id) g.event_id, g.attempt, g.error, g.stack
      from unnest($3, $4, $5, $6) with ordinality g (event_id, attempt, error, stack, n)
      order by g.event_id, g.n
    ),
    locked as materialized (
      select t.event_id
      from %1$s t
      where t.event_id = any ((select $3)::text[]) and t.state + 0 = %3$s
      order by t.event_id
      for no key update
    ),
    moved as (
      update %1$s t
      set %2$s
      from locked l
      join given g on g.event_id = l.event_id
      where t.event_id = l.event_id and t.state + 0 = %3$s
        and ($4 is null or t.attempt_count = g.attempt)
      returning t.event_id
    )
    select array_agg(m.event_id::text) from moved m
    $q$,
    v_consumer.tasks,
    case action
      when 'complete' then format('state = %s, finalized_at = $1', kanthorq_schema._kanthorq_task_state('completed'))
      when 'fail' then format(
        $set$
        state = case when t.attempt_count >= $2 then %s else %s end,
        finalized_at = case when t.attempt_count >= $2 then $1 else t.finalized_at end,
        schedule_at = coalesce($7, t.schedule_at),
        attempted_error = t.attempted_error
          || jsonb_build_object('at', $1, 'error', g.error, 'stack', coalesce(nullif(g.stack, ''), g.error))
        $set$,
        kanthorq_schema._kanthorq_task_state('discarded'), kanthorq_schema._kanthorq_task_state('retryable')
      )
      when 'extend' then 'schedule_at = greatest(t.schedule_at, $1 + $8)'
      when 'release' then 'schedule_at = $1, attempt_count = greatest(t.attempt_count - 1, 0)'
    end,
    kanthorq_schema._kanthorq_task_state('running')
  )
  into v_moved
  using kanthorq_schema._kanthorq_now(), v_consumer.attempt_max, event_ids, attempts, errors, stacks, due,
    coalesce((extract(epoch from extend_by) * 1000)::bigint, v_consumer.visibility_timeout);

  select d.updated, d.noop into updated, noop from kanthorq_schema._kanthorq_divide_ids(event_ids, v_moved) d;
end
$function$;

comment on function kanthorq_schema._kanthorq_task_report is 'Internal. Writes what a worker reports into the tasks whose attempt it holds.';
