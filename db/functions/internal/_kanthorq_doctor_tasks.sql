-- The findings of kanthorq_doctor about the tasks and the settings of one consumer.
create or replace function kanthorq_schema._kanthorq_doctor_tasks(consumer text)
returns table (
  "check" text,
  severity text,
  detail text,
  fix text
)
language plpgsql
stable
as $function$
declare
  v_consumer record := kanthorq_schema._kanthorq_consumer(consumer);
  v_shown text := kanthorq_schema._kanthorq_shown(consumer);
  v_registry kanthorq_schema.kanthorq_consumer_registry;
  v_events regclass := kanthorq_schema._kanthorq_find_table(v_consumer.stream_id);
  v_hold kanthorq_schema.kanthorq_consumer_hold;
  v_table regclass := kanthorq_schema._kanthorq_find_table(v_consumer.id);
  v_is_above boolean;
  v_stuck bigint;
  v_parked bigint;
  v_last_attempt bigint;
  v_unanswered bigint;
  v_answered bigint;
  v_tasks bigint;
  v_finished bigint;
  v_due bigint;
  v_due_since bigint;
  v_worked_at bigint;
  v_pending bigint;
  v_failed bigint;
  v_failed_before bigint;
  v_now bigint := kanthorq_schema._kanthorq_now();
begin
  select r.* into v_registry from kanthorq_schema.kanthorq_consumer_registry r where r.name = consumer;
  if v_registry.visibility_timeout <= 1000 then
    return query values (
      'registration', 'error',
      format('consumer %s has a visibility_timeout of %s ms: KanthorQ refuses it unless it is more than 1000', v_shown,
        v_registry.visibility_timeout),
      format('update kanthorq_schema.kanthorq_consumer_registry set visibility_timeout = 300000 where name = %L', consumer)
    );
  end if;
  if cardinality(v_registry.subject_excludes) not in (0, cardinality(v_registry.subject_includes)) then
    return query values (
      'registration', 'error',
      format('consumer %s has %s subject_excludes for %s subject_includes: KanthorQ''s program stops at the first event with fewer, '
        'and ignores those that are more', v_shown, cardinality(v_registry.subject_excludes), cardinality(v_registry.subject_includes)),
      '-- set subject_excludes in kanthorq_consumer_registry to as many filters as subject_includes has, or to none'
    );
  end if;

  select h.* into v_hold from kanthorq_schema.kanthorq_consumer_hold h where h.consumer_id = v_consumer.id;
  v_is_above := v_registry.cursor = kanthorq_schema._kanthorq_held_cursor();
  if v_hold.consumer_id is not null then
    return query values (
      'consumer is held', case when v_hold.at < now() - '1 day'::interval then 'warning' else 'info' end,
      format('consumer %s is %s: its new events get no tasks%s', v_shown, kanthorq_schema._kanthorq_held(consumer, false),
        case when v_hold.intake_only then '' else ', and no worker takes its tasks' end),
      format('-- when it may go on: select kanthorq_consumer_release(%s)', v_shown)
    );
  end if;
  if v_hold.consumer_id is null and v_is_above then
    return query values (
      'hold is broken', 'error',
      format('the cursor of consumer %s is above every event, as of a held one, but no hold has the true one: its new events get no tasks',
        v_shown),
      format('-- set it to the last event that it has read: update kanthorq_consumer_registry set cursor = (select max(event_id) from %s) '
        'where name = %s', v_table, v_shown)
    );
  elsif v_hold.consumer_id is null and kanthorq_schema._kanthorq_refuses_claims(v_table) then
    return query values (
      'hold is broken', 'error',
      format('consumer %s is not held, but its table has the triggers of a hold: no worker takes its tasks', v_shown),
      format('select kanthorq_schema.kanthorq_consumer_release(%L)', consumer)
    );
  elsif v_hold.consumer_id is not null and not (v_is_above and kanthorq_schema._kanthorq_refuses_claims(v_table) <> v_hold.intake_only) then
    return query values (
      'hold is broken', 'error',
      format('consumer %s is held, but somebody has changed its cursor or the triggers on its table: KanthorQ takes events or tasks', v_shown),
      format('-- kanthorq_consumer_hold or kanthorq_consumer_release repairs it: select kanthorq_consumer_release(%s)', v_shown)
    );
  end if;

  execute format($q$
    select
      count(*) filter (where %1$s),
      count(*) filter (where t.state = kanthorq_schema._kanthorq_task_state('available')),
      count(*) filter (
        where t.state = kanthorq_schema._kanthorq_task_state('running') and t.attempt_count > $2 and t.schedule_at >= $1
      ),
      count(*) filter (
        where t.state = kanthorq_schema._kanthorq_task_state('running') and t.attempt_count > 1
          and t.attempt_count > cardinality(t.attempted_error)
      ),
      count(*) filter (
        where t.attempt_count > 0 and (
          t.state in (kanthorq_schema._kanthorq_task_state('completed'), kanthorq_schema._kanthorq_task_state('retryable'))
          or cardinality(t.attempted_error) > 1
        )
      ),
      count(*),
      count(*) filter (
        where t.state in (
            kanthorq_schema._kanthorq_task_state('completed'), kanthorq_schema._kanthorq_task_state('cancelled'),
            kanthorq_schema._kanthorq_task_state('discarded')
          )
          and t.finalized_at < $1 - 2592000000
      ),
      count(*) filter (where %3$s),
      min(t.schedule_at) filter (where %3$s),
      max(greatest(t.attempted_at, case t.state when kanthorq_schema._kanthorq_task_state('completed') then t.finalized_at end)),
      count(*) filter (where t.state = kanthorq_schema._kanthorq_task_state('pending') and t.created_at < $1 - 86400000),
      count(*) filter (where l.failed_at >= $1 - 3600000),
      count(*) filter (where l.failed_at < $1 - 3600000)
    from %2$s t
    left join lateral (
      select (e.failure ->> 'at')::numeric as failed_at
      from (select t.attempted_error[array_upper(t.attempted_error, 1)] as failure) e
      where t.attempted_error <> '{}' and jsonb_typeof(e.failure -> 'at') = 'number'
        and (e.failure ->> 'at')::numeric between $1 - 7200000 and $1
    ) l on true
    $q$,
    kanthorq_schema._kanthorq_task_takes_sql('discard', false, false), v_consumer.tasks,
    't.attempt_count <= $2 and t.schedule_at < $1 - 600000 and t.state in (kanthorq_schema._kanthorq_task_state(''running''), '
    'kanthorq_schema._kanthorq_task_state(''retryable''))'
  )
  into v_stuck, v_parked, v_last_attempt, v_unanswered, v_answered, v_tasks, v_finished, v_due, v_due_since, v_worked_at, v_pending, v_failed,
    v_failed_before
  using v_now, v_consumer.attempt_max;

  if v_due > 0 and coalesce(v_worked_at, 0) < v_now - 600000 then
    return query values (
      'nobody works', 'warning',
      format('consumer %s has %s tasks that have been due for ten minutes or more, the oldest since %s, and no task was taken or completed '
        'meanwhile', v_shown, v_due, to_char(kanthorq_schema._kanthorq_as_time(v_due_since) at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"')),
      '-- start its worker, or read what it printed: an error of one puller ends all three'
    );
  end if;
  if v_failed >= 100 and v_failed > 3 * v_failed_before then
    return query values (
      'more failures', 'warning',
      format('consumer %s has %s tasks whose last attempt failed in the last hour, after %s in the hour before', v_shown, v_failed,
        v_failed_before),
      format('-- group them by cause: select * from kanthorq_task_errors(%L, since => now() - interval ''1 hour'')', consumer)
    );
  end if;
  if v_pending > 0 then
    return query values (
      'pending tasks', 'info',
      format('consumer %s has %s pending tasks of more than a day: no worker takes a pending task', v_shown, v_pending),
      '-- to have them worked, cancel and resume them; otherwise cancel them'
    );
  end if;
  if v_finished >= 100000 and v_finished > 0.9 * v_tasks then
    return query values (
      'mostly finished', 'info',
      format('consumer %s has %s tasks, of which %s were finished more than 30 days ago: its table only grows', v_shown, v_tasks, v_finished),
      format('-- if nobody needs them: call kanthorq_task_purge(%s, now() - interval ''30 days'')', v_shown)
    );
  end if;

  if v_unanswered > 0 and v_answered = 0 then
    return query values (
      'worker can''t acknowledge', 'error',
      format('consumer %s has %s running tasks that were pulled again and again, and none that was ever acknowledged then: KanthorQ''s '
        'worker refuses to acknowledge them without a change in the handler', v_shown, v_unanswered),
      '-- first statement of the handler: if msg.Task.Metadata == nil { msg.Task.Metadata = entities.Metadata{} }'
    );
  end if;
  if v_stuck > 0 then
    return query values (
      'stuck tasks', 'warning',
      format('consumer %s has %s tasks that are running, overdue and out of attempts: no worker takes them again', v_shown, v_stuck),
      format('call kanthorq_schema.kanthorq_task_discard_all(%L, everything => true, reason => ''kanthorq_doctor'')', consumer)
    );
  end if;
  if v_last_attempt > 0 then
    return query values (
      'last attempt', 'info',
      format('consumer %s has %s running tasks that are out of attempts: those that are not acknowledged in time are stuck then', v_shown,
        v_last_attempt),
      '-- look again when they are overdue'
    );
  end if;
  if v_parked > 0 then
    return query values (
      'tasks in available', 'info',
      format('consumer %s has %s available tasks; no worker of KanthorQ takes available tasks unless it has just made them', v_shown,
        v_parked),
      format(
        '-- to have them worked: call kanthorq_task_cancel_all(%1$s, states => ''{available}''), and resume what it cancelled, by its '
        'bulk_id: select cardinality(updated) from kanthorq_task_resume(%1$s, (select event_ids from kanthorq_task_operations('
        'bulk_id => ...)))', v_shown
      )
    );
  end if;

  if v_events is null or kanthorq_schema._kanthorq_table_fault(v_events, 'stream') is not null then
    return;
  end if;
  return query execute format($q$
    select 'event is gone', 'warning',
      format('consumer %%s has %%s unfinished tasks whose event is gone: they never reach a handler', $1, count(*)),
      '-- restore the events, or cancel these tasks'
    from %s t
    where t.state in (
        kanthorq_schema._kanthorq_task_state('pending'), kanthorq_schema._kanthorq_task_state('available'),
        kanthorq_schema._kanthorq_task_state('running'), kanthorq_schema._kanthorq_task_state('retryable')
      )
      and not exists (select from %s e where e.id = t.event_id)
    having count(*) > 0
    $q$,
    v_consumer.tasks, kanthorq_schema._kanthorq_only_sql(v_events)
  )
  using v_shown;

  return query
  select 'missed events', 'warning',
    format('consumer %s has no task for %s events of the last day that lie behind its cursor: KanthorQ passed over them', v_shown, count(*)),
    format('-- to have them handled: select event_id from kanthorq_task_convert(%1$s, array(select event_id from kanthorq_event_missed(%1$s)))',
      v_shown)
  from kanthorq_schema.kanthorq_event_missed(consumer, now() - '1 day'::interval) m
  having count(*) > 0;
end
$function$;

comment on function kanthorq_schema._kanthorq_doctor_tasks is 'Internal. What kanthorq_doctor finds about one consumer.';
