-- Puts the tasks of one operation back, and logs it: what kanthorq_task_undo and kanthorq_task_undo_batch have in common.
--
-- A task is put back if all five columns are still as the operation left them, and if all later operations on it have been taken back.
-- The second test is needed because a later one can leave the same columns: within a millisecond, or where updated_at is ahead of the
-- clock. An undo and its undos form a chain; the operations of a chain take a task to and fro between two versions, so that a chain is
-- taken back where an even number of its operations moved the task.
--
-- First the rows are locked, in the order of their ids: from then on no other operation can move them, and the log has all that did.
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
  v_consumer record;
  v_ids text[];
  v_wanted kanthorq_schema.kanthorq_task_change[];
  v_changes kanthorq_schema.kanthorq_task_change[];
  v_moved text[];
begin
  perform kanthorq_schema._kanthorq_check_schema();
  select o.* into v_operation from kanthorq_schema.kanthorq_task_operation o where o.id = operation_id;
  if not found then
    raise exception 'there is no operation %', coalesce(operation_id::text, 'null')
      using errcode = 'KQ004', hint = 'kanthorq_task_operations() lists them; an old one may have been purged.';
  elsif v_operation.action like 'purge%' then
    raise exception 'operation % is a purge', operation_id
      using errcode = 'KQ004', hint = 'What it deleted is gone, or in its archive.';
  end if;
  if v_operation.action in ('hold', 'release') then
    raise exception 'operation % is a %', operation_id, v_operation.action
      using errcode = 'KQ004', hint = 'kanthorq_consumer_release() ends a hold, kanthorq_consumer_hold() begins one.';
  end if;
  v_consumer := kanthorq_schema._kanthorq_consumer(v_operation.consumer);
  v_ids := array(select c.event_id from unnest(v_operation.changes) c order by c.event_id);

  execute format($q$
    select from %s t where t.event_id = any ((select $1)::text[]) order by t.event_id for no key update
    $q$,
    v_consumer.tasks
  )
  using v_ids;

  v_wanted := array(
    select w
    from unnest(v_operation.changes) w
    where w.event_id not in (
      select c.event_id
      from kanthorq_schema.kanthorq_task_operation o, unnest(o.changes) c
      where o.consumer = v_operation.consumer and o.id > operation_id
        and o.last_event_id >= v_operation.first_event_id and o.first_event_id <= v_operation.last_event_id
      group by c.event_id, coalesce(o.origin, o.id)
      having count(*) % 2 = 1
    )
  );

  execute format($q$
    with moved as (
      update %1$s t
      set state = w.from_state, schedule_at = w.from_schedule_at, finalized_at = w.from_finalized_at,
        attempt_count = w.from_attempt_count, updated_at = w.from_updated_at
      from unnest((select $1)) w
      where t.event_id = w.event_id
        and t.state = w.to_state and t.schedule_at = w.to_schedule_at and t.finalized_at = w.to_finalized_at
        and t.attempt_count = w.to_attempt_count and t.updated_at = w.to_updated_at
      returning (
        w.event_id, w.to_state, w.to_schedule_at, w.to_finalized_at, w.to_attempt_count, w.to_updated_at,
        t.state, t.schedule_at, t.finalized_at, t.attempt_count, t.updated_at
      )::kanthorq_schema.kanthorq_task_change as change
    )
    select array_agg(m.change), array_agg((m.change).event_id) from moved m
    $q$,
    v_consumer.tasks
  )
  into v_changes, v_moved
  using v_wanted;

  if v_changes is not null then
    undo_id := kanthorq_schema._kanthorq_task_log(
      kanthorq_schema._kanthorq_now(), 'undo', v_operation.consumer, reason, v_changes, bulk_id, operation_id,
      coalesce(v_operation.origin, operation_id)
    );
  end if;
  select d.updated, d.noop into updated, noop
  from kanthorq_schema._kanthorq_divide_ids(v_ids, v_moved) d;
end
$function$;

comment on function kanthorq_schema._kanthorq_task_undo is 'Internal. Puts the tasks of an operation back where nothing has touched them since, and logs it.';
