-- Makes running tasks of the first events in a range that a consumer wants and has no task for: new ones, or such that came late.
--
-- page is how many events to look at; null is all of the range. read is the last event that was looked at, null if there was none.
-- Whether there is a task is asked for each event, in a sub-select: a join could read all tasks for the first few events.
--
-- Tasks of other subjects than the worker's are made too, because the cursor goes on; they are due at once, for other workers.
create or replace function
kanthorq_schema._kanthorq_task_begin(
  consumer text,
  after text,
  until text,
  page int,
  max_tasks int,
  patterns text[],
  out read text,
  out made int,
  out tasks kanthorq_schema.kanthorq_pulled_task[]
)
returns record
language plpgsql
volatile
as $function$
declare
  v_consumer record := kanthorq_schema._kanthorq_consumer(consumer);
  v_registry kanthorq_schema.kanthorq_consumer_registry;
begin
  select r.* into v_registry from kanthorq_schema.kanthorq_consumer_registry r where r.name = consumer;
  execute format($q$
    with wanted as materialized (
      select p.id
      from (select e.id, e.subject from %1$s e where e.id > $1 and ($2 is null or e.id < $2) order by e.id limit $3) p
      where p.subject ~ $5 and (select t.event_id from %2$s t where t.event_id = p.id) is null
      order by p.id
      limit $4
    ),
    made as (
      insert into %3$s as t (event_id, subject, state, schedule_at, metadata)
      select e.id, e.subject, kanthorq_schema._kanthorq_task_state('running'),
        case when $6 is null or e.subject ~ any ($6) then $7 + $8 else $7 end, e.metadata
      from wanted w
      join %1$s e on e.id = w.id
      order by e.id
      on conflict (event_id) do nothing
      returning t.event_id, t.subject, t.metadata, t.schedule_at
    )
    select
      case when (select count(*) from wanted) = $4 then (select max(w.id) from wanted w)
        else (select max(p.id) from (select e.id from %1$s e where e.id > $1 and ($2 is null or e.id < $2) order by e.id limit $3) p)
      end,
      (select count(*) from made),
      array(
        select row(m.event_id::text, m.subject::text, e.body, m.metadata, 0, $9, kanthorq_schema._kanthorq_as_time(m.schedule_at),
          kanthorq_schema._kanthorq_as_time(e.created_at))::kanthorq_schema.kanthorq_pulled_task
        from made m
        join %1$s e on e.id = m.event_id
        where $6 is null or m.subject ~ any ($6)
        order by m.event_id
      )
    $q$,
    kanthorq_schema._kanthorq_only_sql(kanthorq_schema._kanthorq_find_table(v_consumer.stream_id)), v_consumer.tasks,
    kanthorq_schema._kanthorq_find_table(v_consumer.id)
  )
  into read, made, tasks
  using after, until, page, max_tasks,
    kanthorq_schema._kanthorq_wanted_pattern(v_registry.subject_includes::text[], v_registry.subject_excludes::text[]),
    patterns, kanthorq_schema._kanthorq_now(), v_consumer.visibility_timeout, v_consumer.attempt_max;
end
$function$;

comment on function kanthorq_schema._kanthorq_task_begin is 'Internal. Makes running tasks of events that a consumer wants and has no task for.';
