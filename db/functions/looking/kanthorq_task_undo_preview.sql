-- level: viewer
-- Says what an undo of an operation or a bulk would do now. Changes nothing and locks nothing.
--
-- The condition is that of _kanthorq_task_undo. A bulk moves each task once, so its batches can be judged together.
create or replace function
kanthorq_schema.kanthorq_task_undo_preview(
  operation_id bigint,
  out consumer_name text,
  out batches bigint,
  out tasks bigint,
  out by_state jsonb,
  out by_subject jsonb,
  out subjects bigint,
  out changed bigint
)
returns record
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_consumer record;
  v_is_purge boolean;
begin
  perform kanthorq_schema._kanthorq_check_schema();
  select o.consumer, o.action like 'purge%' into consumer_name, v_is_purge
  from kanthorq_schema.kanthorq_task_operation o
  where o.id = operation_id;
  if not found then
    raise exception 'there is no operation %', coalesce(operation_id::text, 'null')
      using errcode = 'KQ004', hint = 'kanthorq_task_operations() lists them; an old one may have been purged.';
  elsif v_is_purge then
    raise exception 'operation % is a purge', operation_id
      using errcode = 'KQ004', hint = 'What it deleted is gone, or in its archive.';
  end if;
  v_consumer := kanthorq_schema._kanthorq_consumer(consumer_name);

  execute format($q$
    with operation as materialized (
      select o.id, o.first_event_id, o.last_event_id, o.changes
      from kanthorq_schema.kanthorq_task_operation o
      where o.id = $1 or o.bulk_id = $1
    ),
    change as materialized (
      select o.id, c.*
      from operation o
      cross join unnest(o.changes) c
    ),
    later as materialized (
      select o.id, coalesce(o.origin, o.id) as chain, l.event_id
      from kanthorq_schema.kanthorq_task_operation o
      cross join unnest(o.changes) l
      where o.consumer = $2 and o.id > $1
        and o.last_event_id >= (select min(f.first_event_id) from operation f)
        and o.first_event_id <= (select max(f.last_event_id) from operation f)
    ),
    moved as materialized (
      select distinct c.event_id
      from change c
      join later l on l.event_id = c.event_id and l.id > c.id
      group by c.event_id, l.chain
      having count(*) %% 2 = 1
    ),
    back as materialized (
      select c.from_state as state, t.subject
      from change c
      join %s t on t.event_id = c.event_id
        and t.state = c.to_state and t.schedule_at = c.to_schedule_at and t.finalized_at = c.to_finalized_at
        and t.attempt_count = c.to_attempt_count and t.updated_at = c.to_updated_at
      where not exists (select from moved m where m.event_id = c.event_id)
    )
    select
      (select count(*) from operation),
      (select count(*) from back),
      (
        select coalesce(jsonb_object_agg(kanthorq_schema._kanthorq_task_state_name(s.state), s.tasks), '{}')
        from (select b.state, count(*) as tasks from back b group by b.state) s
      ),
      (
        select coalesce(jsonb_agg(jsonb_build_object('subject', s.subject, 'tasks', s.tasks) order by s.tasks desc, s.subject), '[]')
        from (select b.subject, count(*) as tasks from back b group by b.subject order by tasks desc, b.subject limit 10) s
      ),
      (select count(distinct b.subject) from back b),
      (select count(*) from change) - (select count(*) from back)
    $q$,
    v_consumer.tasks
  )
  into batches, tasks, by_state, by_subject, subjects, changed
  using operation_id, consumer_name;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_undo_preview is 'Says what kanthorq_task_undo or kanthorq_task_undo_all would do now, and changes nothing.

operation_id   an id of kanthorq_task_operations: of a single call, of a bulk, or of a batch of one

Returns one row:
consumer_name  whose tasks they are
batches        how many batches are undone
tasks          how many tasks would be as they were before the operation
by_state       how many of those would be in each state: {"available": 3}
by_subject     the ten subjects with the most of those: [{"subject": "order.created", "tasks": 3}]
subjects       how many different subjects they have
changed        how many tasks would be left alone, because something has touched them since

Raises KQ004 if there is no such operation, KQ001 or KQ002 if its consumer is gone.';
