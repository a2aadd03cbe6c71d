-- Puts the tasks of one operation back, and logs it: what kanthorq_task_undo and kanthorq_task_undo_batch have in common.
--
-- A task is put back if all five columns are still as the operation left them, and the operation is still in effect for it. The
-- second test is needed because a later operation can leave the same columns: within a millisecond, or where updated_at is ahead of
-- the clock. Undos form a chain: one that undoes an undo brings the operation back. All of a chain move a task between the same two
-- versions, so an operation is in effect if an even number of later ones of its chain moved the task. The lock on the operation at
-- the start of the chain makes undos of one chain follow each other.
--
-- The rows are locked in the order of their ids, like those of any transition.
create or replace function
kanthorq_schema._kanthorq_task_undo(
  operation_id bigint,
  reason text,
  bulk_id bigint,
  out updated text[],
  out noop text[],
  out undo_id bigint
)
returns record
language plpgsql
volatile
as $function$
declare
  v_operation kanthorq_schema.kanthorq_task_operation;
  v_origin bigint;
  v_consumer record;
  v_wanted kanthorq_schema.kanthorq_task_change[];
  v_changes kanthorq_schema.kanthorq_task_change[];
begin
  select o.* into v_operation from kanthorq_schema.kanthorq_task_operation o where o.id = operation_id;
  if not found then
    raise exception 'there is no operation %', coalesce(operation_id::text, 'null')
      using errcode = 'KQ004', hint = 'kanthorq_task_operations() lists them; an old one may have been purged.';
  end if;
  v_consumer := kanthorq_schema._kanthorq_consumer(v_operation.consumer);
  v_origin := coalesce(v_operation.origin, operation_id);
  perform from kanthorq_schema.kanthorq_task_operation o where o.id = v_origin for no key update;

  v_wanted := v_operation.changes;
  if exists (select from kanthorq_schema.kanthorq_task_operation o where o.origin = v_origin and o.id > operation_id) then
    v_wanted := array(
      select w
      from unnest(v_wanted) w
      where w.event_id not in (
        select c.event_id
        from kanthorq_schema.kanthorq_task_operation o, unnest(o.changes) c
        where o.origin = v_origin and o.id > operation_id
        group by c.event_id
        having count(*) % 2 = 1
      )
    );
  end if;

  execute format($q$
    with locked as materialized (
      select t.event_id, w
      from unnest((select $1)) w
      join %1$s t on t.event_id = w.event_id
      order by t.event_id
      for no key update of t
    ),
    moved as (
      update %1$s t
      set state = (l.w).from_state, schedule_at = (l.w).from_schedule_at, finalized_at = (l.w).from_finalized_at,
        attempt_count = (l.w).from_attempt_count, updated_at = (l.w).from_updated_at
      from locked l
      where t.event_id = l.event_id
        and t.state = (l.w).to_state and t.schedule_at = (l.w).to_schedule_at and t.finalized_at = (l.w).to_finalized_at
        and t.attempt_count = (l.w).to_attempt_count and t.updated_at = (l.w).to_updated_at
      returning (
        l.event_id, (l.w).to_state, (l.w).to_schedule_at, (l.w).to_finalized_at, (l.w).to_attempt_count, (l.w).to_updated_at,
        t.state, t.schedule_at, t.finalized_at, t.attempt_count, t.updated_at
      )::kanthorq_schema.kanthorq_task_change as change
    )
    select array_agg(m.change) from moved m
    $q$,
    v_consumer.tasks
  )
  into v_changes
  using v_wanted;

  if v_changes is not null then
    undo_id := kanthorq_schema._kanthorq_task_log(
      kanthorq_schema._kanthorq_now(), 'undo', v_operation.consumer, reason, v_changes, bulk_id, operation_id, v_origin
    );
  end if;
  select d.updated, d.noop into updated, noop
  from kanthorq_schema._kanthorq_divide_ids(array(select c.event_id from unnest(v_operation.changes) c), v_changes) d;
end
$function$;

comment on function kanthorq_schema._kanthorq_task_undo is 'Internal. Puts the tasks of an operation back where nothing has touched them since, and logs it.';
