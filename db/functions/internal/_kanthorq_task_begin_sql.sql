-- SQL that makes running tasks of the first events in a range that a consumer wants and has no task for: new ones, or such that came late.
-- Its parameters:
--
-- $1, $2  the events after and before which to look; null for the second is up to the end
-- $3      how many events to look at; null is all of the range
-- $4      how many tasks to make at most
-- $5      the pattern of the subjects that the consumer wants
-- $6      the patterns of the subjects that the worker takes; null is all. Tasks of other subjects are made too, because the cursor goes
--         on; they are due at once, for other workers
-- $7, $8  now and the visibility timeout, in milliseconds
-- $9      attempt_max of the consumer
--
-- Its columns: read, the last event that was looked at, null if there was none; made, the number of tasks; and the tasks for the worker.
--
-- Whether there is a task is asked for each event, in a sub-select: a join could read all tasks for the first few events.
create or replace function
kanthorq_schema._kanthorq_task_begin_sql(
  tasks text,
  table_name regclass,
  events text
)
returns text
language plpgsql
stable
as $function$
begin
  return format($q$
    with wanted as materialized (
      select p.id, p.subject, p.metadata
      from (
        select e.id, e.subject, e.metadata from %1$s e where e.id > $1 and ($2 is null or e.id < $2) order by e.id limit $3
      ) p
      where p.subject ~ $5 and (select t.event_id from %2$s t where t.event_id = p.id) is null
      order by p.id
      limit $4
    ),
    made as (
      insert into %3$s as t (event_id, subject, state, schedule_at, metadata)
      select w.id, w.subject, %4$s, case when $6 is null or w.subject ~ any ($6) then $7 + $8 else $7 end, w.metadata
      from wanted w
      order by w.id
      on conflict (event_id) do nothing
      returning t.event_id, t.subject, t.metadata, t.schedule_at
    )
    select
      case when (select count(*) from wanted) = $4 then (select max(w.id) from wanted w)
        else (select max(p.id) from (select e.id from %1$s e where e.id > $1 and ($2 is null or e.id < $2) order by e.id limit $3) p)
      end as read,
      (select count(*) from made) as made,
      array(
        select row(m.event_id::text, m.subject::text, e.body, m.metadata, 0, $9, kanthorq_schema._kanthorq_as_time(m.schedule_at),
          kanthorq_schema._kanthorq_as_time(e.created_at))::kanthorq_schema.kanthorq_pulled_task
        from made m
        join %1$s e on e.id = m.event_id
        where $6 is null or m.subject ~ any ($6)
        order by m.event_id
      ) as tasks
    $q$,
    events, tasks, table_name, kanthorq_schema._kanthorq_task_state('running')
  );
end
$function$;

comment on function kanthorq_schema._kanthorq_task_begin_sql is 'Internal. SQL that makes running tasks of events that a consumer wants and has no task for.';
