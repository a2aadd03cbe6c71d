-- level: viewer
-- Says what an _all call with the same filter would do, by the very same condition. Looks at every task, as count does.
create or replace function
kanthorq_schema.kanthorq_task_preview(
  action text,
  consumer text,
  states text[] default null,
  subject text default null,
  metadata jsonb default null,
  error text default null,
  fingerprint text default null,
  created_after timestamp with time zone default null,
  created_before timestamp with time zone default null,
  finalized_after timestamp with time zone default null,
  finalized_before timestamp with time zone default null,
  max_tasks bigint default null,
  running boolean default false,
  out tasks bigint,
  out matching bigint,
  out by_state jsonb,
  out by_subject jsonb,
  out subjects bigint,
  out first_tasks jsonb,
  out left_out jsonb
)
returns record
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_consumer record;
  v_filter kanthorq_schema._kanthorq_task_filter;
begin
  perform kanthorq_schema._kanthorq_check_action(action);
  v_consumer := kanthorq_schema._kanthorq_consumer(consumer);
  v_filter := kanthorq_schema._kanthorq_check_filter(
    states, subject, metadata, error, fingerprint, created_after, created_before, finalized_after, finalized_before
  );
  if max_tasks < 1 then
    raise exception 'max_tasks is %', max_tasks using errcode = 'KQ003', hint = 'Pass at least 1, or null for no limit.';
  end if;
  perform kanthorq_schema._kanthorq_check_takes(action, states, running);

  execute format($q$
    with tally as materialized (
      select kanthorq_schema._kanthorq_task_state_name(t.state) as state, t.subject, t.taken, sum(t.tasks)::bigint as tasks
      from (
        select t.state, t.subject, count(*) as tasks,
          coalesce(%3$s, false) as taken
        from %1$s t
        where kanthorq_schema._kanthorq_task_matches(
          $3, t.state, t.subject::text, t.metadata, t.attempted_error, t.created_at, t.finalized_at
        )
        group by t.state, t.subject, taken
      ) t
      group by t.state, t.subject, t.taken
    )
    select
      coalesce(sum(y.tasks) filter (where y.taken), 0),
      (
        select coalesce(jsonb_object_agg(s.state, s.tasks), '{}')
        from (select state, sum(tasks) as tasks from tally where taken group by state) s
      ),
      (
        select coalesce(jsonb_agg(jsonb_build_object('subject', s.subject, 'tasks', s.tasks) order by s.tasks desc, s.subject), '[]')
        from (
          select subject, sum(tasks) as tasks from tally where taken group by subject order by tasks desc, subject limit 10
        ) s
      ),
      count(distinct y.subject) filter (where y.taken),
      (
        select coalesce(jsonb_object_agg(s.state, s.tasks), '{}')
        from (select state, sum(tasks) as tasks from tally where not taken group by state) s
      ),
      (
        select coalesce(jsonb_agg(to_jsonb(f) order by f.event_id), '[]')
        from (
          select (row(%2$s)::kanthorq_schema.kanthorq_task).*
          from %1$s t
          where kanthorq_schema._kanthorq_task_matches(
            $3, t.state, t.subject::text, t.metadata, t.attempted_error, t.created_at, t.finalized_at
          )
            and %3$s
          order by t.event_id
          limit 5
        ) f
      )
    from tally y
    $q$,
    v_consumer.tasks,
    kanthorq_schema._kanthorq_task_columns_sql(),
    kanthorq_schema._kanthorq_task_takes_sql(action, false, running)
  )
  into matching, by_state, by_subject, subjects, left_out, first_tasks
  using kanthorq_schema._kanthorq_now(), v_consumer.attempt_max, v_filter;
  tasks := least(matching, max_tasks);
end
$function$;

comment on function kanthorq_schema.kanthorq_task_preview is 'Says what kanthorq_task_cancel_all, kanthorq_task_resume_all or kanthorq_task_discard_all with the same filter would do. Changes nothing.

action            cancel, resume or discard
consumer          name of the consumer
states            only tasks in one of these states: pending, available, running, completed, retryable, discarded, cancelled
subject           only tasks whose subject this filter matches: * is one token, > at the end is one or more
metadata          only tasks whose metadata contains this: {"customer": "42"}
error             only tasks whose last error contains this text, upper and lower case alike
fingerprint       only tasks whose last error has this fingerprint: see kanthorq_task_errors
created_after     only tasks made at this time or later
created_before    only tasks made before this time
finalized_after   only tasks completed, cancelled or discarded at this time or later
finalized_before  only tasks completed, cancelled or discarded before this time
max_tasks         how many tasks the call may move at most; null is no limit
running           true lets cancel take running tasks too

Returns one row:
tasks             how many tasks it would move
matching          how many match the filter and can be moved: more than tasks where max_tasks is less
by_state          how many of those are in each state: {"available": 3}
by_subject        the ten subjects with the most of those: [{"subject": "order.created", "tasks": 3}]
subjects          how many different subjects they have
first_tasks       the first five of them, as an array of kanthorq_task
left_out          how many match the filter but are in a state that the action does not take: {"running": 2}; of discard, also
                  running tasks that are not stuck

Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a bad argument.';
