-- level: operator
-- Stops the intake of a consumer, without KanthorQ's program being touched: new events get no tasks, and no worker claims a task.
--
-- The cursor goes above every id, so that the primary puller reads nothing; the true one is kept in kanthorq_consumer_hold. A trigger on
-- the table refuses what the retry and the visibility puller claim, and nothing else. The registry row is locked first, as a puller does:
-- its transaction ends before the cursor is read, and none begins until this one has ended.
create or replace function
kanthorq_schema.kanthorq_consumer_hold(
  consumer text,
  reason text default null,
  intake_only boolean default false
)
returns boolean
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
as $function$
#variable_conflict use_variable
declare
  v_consumer record := kanthorq_schema._kanthorq_consumer(consumer);
  v_table regclass := kanthorq_schema._kanthorq_find_table(v_consumer.id);
  v_above text := kanthorq_schema._kanthorq_held_cursor();
  v_now bigint := kanthorq_schema._kanthorq_now();
  v_refused boolean := not coalesce(intake_only, false);
  v_cursor text;
  v_was_refused boolean;
begin
  select r.cursor into v_cursor from kanthorq_schema.kanthorq_consumer_registry r where r.name = consumer for update;
  select not h.intake_only into v_was_refused from kanthorq_schema.kanthorq_consumer_hold h where h.consumer_id = v_consumer.id;
  if v_was_refused is null and v_cursor = v_above then
    raise exception 'the cursor of consumer % is lost', kanthorq_schema._kanthorq_shown(consumer)
      using errcode = 'KQ002', hint = 'It stands above every event, but there is no hold that has the true one. See kanthorq_doctor().';
  end if;
  if v_was_refused = v_refused and v_cursor = v_above and kanthorq_schema._kanthorq_refuses_claims(v_table) = v_refused then
    return false;
  end if;

  insert into kanthorq_schema.kanthorq_consumer_hold as h (consumer_id, consumer, cursor, intake_only, reason, at)
  values (v_consumer.id, consumer, v_cursor, not v_refused, reason, kanthorq_schema._kanthorq_as_time(v_now))
  on conflict (consumer_id) do update
  set consumer = excluded.consumer, cursor = case when excluded.cursor = v_above then h.cursor else excluded.cursor end,
    intake_only = excluded.intake_only, reason = excluded.reason, at = excluded.at, actor = excluded.actor;
  update kanthorq_schema.kanthorq_consumer_registry r set cursor = v_above where r.name = consumer;
  if kanthorq_schema._kanthorq_refuses_claims(v_table) <> v_refused then
    perform kanthorq_schema._kanthorq_set_claims(v_table, v_refused);
  end if;
  perform kanthorq_schema._kanthorq_task_log(v_now, 'hold'::text, consumer, reason, '{}'::kanthorq_schema.kanthorq_task_change[], null::bigint,
    null::bigint, null::bigint);
  return true;
end
$function$;

comment on function kanthorq_schema.kanthorq_consumer_hold is 'Stops the intake of a consumer, until kanthorq_consumer_release: new events get no tasks, and workers take no retryable or overdue ones.

consumer     name of the consumer
reason       why, for the log and the doctor
intake_only  true leaves the tasks to the workers: only new events get none

Returns whether anything was changed: false if it was held like that already. With another intake_only the hold becomes that one.
Tasks that a worker has taken before go on: it completes or fails them. Cancel, resume and all other calls work. While held,
KanthorQ''s table of the tasks has two triggers (not with intake_only), and the cursor in its registry is above every id.

Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for null, and 55P03 if transactions that have changed
its tasks go on for more than two seconds.';
