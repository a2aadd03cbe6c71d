-- Does one batch of kanthorq_task_cancel_all, _resume_all or _discard_all, in the caller's transaction. For programs that
-- want to make the loop themselves: call it with progress null, then with what it returned, until that is null.
--
-- Rows that somebody else has locked are skipped, not waited for. Tasks that came, or were finished, after the first batch
-- are left alone: so it ends, and what fails again after being resumed is not resumed twice.
--
-- progress is where the next batch goes on. Where the table has an index that begins with (state, schedule_at), the
-- batches follow it, one state after the other, and never look at tasks in other states; otherwise they follow the key.
-- - started, done  when the first batch began, epoch milliseconds; how many tasks have been moved since
-- - step           milliseconds from one task to the next, if they are to be spread
-- - walk           which of the states it is at, counted from 1; 0 when it follows the key
-- - schedule_at, event_id  the last task that was looked at
create or replace function
kanthorq_schema.kanthorq_task_batch(
  action text,
  consumer text,
  states text[] default null,
  subject text default null,
  metadata jsonb default null,
  error text default null,
  created_after timestamp with time zone default null,
  created_before timestamp with time zone default null,
  everything boolean default false,
  batch_size int default 1000,
  max_tasks bigint default null,
  reason text default null,
  schedule_at timestamp with time zone default null,
  reset_attempts boolean default false,
  spread interval default null,
  inout progress jsonb default null,
  out updated bigint,
  out total bigint
)
returns record
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
set enable_sort = off
as $function$
declare
  v_action record := kanthorq_schema._kanthorq_task_action(action, reset_attempts);
  v_consumer record := kanthorq_schema._kanthorq_consumer(consumer);
  v_filter record := kanthorq_schema._kanthorq_task_filter(
    states, subject, metadata, error, created_after, created_before
  );
  v_now bigint := floor(extract(epoch from clock_timestamp()) * 1000)::bigint;
  v_states smallint[];
  v_at record;
  v_walk integer;
  v_limit bigint;
  v_where text;
  v_ids text[];
  v_last_id text;
  v_last_schedule_at bigint;
begin
  if v_filter.empty and everything is not true then
    raise exception 'the filter is empty, so it would % all tasks of %', action, kanthorq_schema._kanthorq_shown(consumer)
      using errcode = 'KQ003', hint = 'Name states, a subject or the like; or pass everything => true if that is what you want.';
  end if;
  if batch_size is null or batch_size < 1 or max_tasks < 1 then
    raise exception 'batch_size is %, max_tasks is %', coalesce(batch_size::text, 'null'), coalesce(max_tasks::text, 'null')
      using errcode = 'KQ003', hint = 'Both have to be at least 1; a max_tasks of null is no limit.';
  end if;
  if not isfinite(schedule_at) or not isfinite(spread) or spread < interval '0' or spread > interval '100 years' then
    raise exception 'schedule_at is %, spread is %', coalesce(schedule_at::text, 'null'), coalesce(spread::text, 'null')
      using errcode = 'KQ003', hint = 'Pass a point in time and a positive interval of at most a hundred years, or null for now and for all at once.';
  end if;
  v_states := array(
    select s from unnest(v_action.from_states) s where v_filter.codes is null or s = any (v_filter.codes) order by s
  );
  if cardinality(v_states) = 0 then
    raise exception '% does not take tasks in state %', action, (select string_agg(distinct s, ', ') from unnest(states) s)
      using errcode = 'KQ003',
        hint = format('It takes %s.', (
          select string_agg(s.name, ', ') from kanthorq_schema._kanthorq_task_states() s
          where s.code = any (v_action.from_states)
        ));
  end if;

  -- Nothing that is newer than the first batch.
  v_where := v_filter.condition || ' and ' || v_action.condition || ' and t.created_at <= $9 and t.finalized_at <= $9';

  if progress is null then
    progress := jsonb_build_object(
      'started', v_now,
      'done', 0,
      'walk', kanthorq_schema._kanthorq_has_scheduling_index(v_consumer.task_table)::integer
    );
    if extract(epoch from spread) > 0 then
      execute format('select count(*) from %s t where t.state = any ($3) and %s', v_consumer.task_table, v_where)
      into total
      using v_now, (v_consumer.registry).attempt_max, v_states, v_filter.subject_pattern, metadata, error,
        v_filter.created_from, v_filter.created_to, v_now;
      progress := progress || jsonb_build_object(
        'step', extract(epoch from spread) * 1000 / greatest(least(total, max_tasks), 1)
      );
    end if;
  end if;

  v_at := kanthorq_schema._kanthorq_task_progress(progress, cardinality(v_states));
  total := v_at.done;
  v_walk := v_at.walk;
  v_limit := greatest(least(batch_size, max_tasks - total), 0);

  execute format(
    'with batch as ('
    ' select t.event_id::text, t.schedule_at from %s t where %s and %s limit $12 for no key update skip locked'
    ') select coalesce(array_agg(event_id order by event_id), ''{}''),'
    ' (array_agg(event_id order by schedule_at desc, event_id desc))[1], max(schedule_at) from batch',
    v_consumer.task_table,
    v_where,
    case
      when v_walk = 0 then 't.state = any ($3) and t.event_id > $10 order by t.event_id'
      else format(
        't.state = %s and (t.schedule_at, t.event_id) > ($11, $10) order by t.schedule_at, t.event_id', v_states[v_walk]
      )
    end
  )
  into v_ids, v_last_id, v_last_schedule_at
  using v_now, (v_consumer.registry).attempt_max, v_states, v_filter.subject_pattern, metadata, error,
    v_filter.created_from, v_filter.created_to, v_at.started,
    coalesce(v_at.event_id, ''), coalesce(v_at.schedule_at, -9223372036854775808),
    v_limit;

  updated := 0;
  if cardinality(v_ids) > 0 then
    select cardinality(t.updated)::bigint into updated
    from kanthorq_schema._kanthorq_task_transition(
      action, consumer, v_ids, reason,
      due => coalesce(schedule_at, to_timestamp(v_at.started / 1000.0)),
      reset_attempts => reset_attempts,
      spread_step => coalesce(v_at.step, 0),
      spread_from => total
    ) t;
    total := total + updated;
  end if;

  if total >= max_tasks or cardinality(v_ids) < v_limit and v_walk in (0, cardinality(v_states)) then
    progress := null;
  elsif cardinality(v_ids) < v_limit then
    progress := (progress || jsonb_build_object('done', total, 'walk', v_walk + 1)) - 'event_id' - 'schedule_at';
  else
    progress := progress || jsonb_build_object(
      'done', total,
      'event_id', case when v_walk = 0 then v_ids[cardinality(v_ids)] else v_last_id end,
      'schedule_at', v_last_schedule_at
    );
  end if;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_batch is 'Does one batch of kanthorq_task_cancel_all, kanthorq_task_resume_all or kanthorq_task_discard_all. For programs that make the loop themselves.

action          cancel, resume or discard
consumer        name of the consumer
states          only tasks in one of these states
subject         only tasks whose subject this filter matches: * is one token, > at the end is one or more
metadata        only tasks whose metadata contains this: {"customer": "42"}
error           only tasks whose last error contains this text, in this case
created_after   only tasks made at this time or later
created_before  only tasks made before this time
everything      has to be true if there is no filter at all
batch_size      how many tasks are moved, and committed, at once
max_tasks       how many tasks at most; null is no limit
reason          why, for the log
schedule_at     when resumed tasks are due; null is now
reset_attempts  true gives resumed tasks all their attempts back; otherwise at least one is left
spread          spreads resumed tasks evenly over this time, from schedule_at on
progress        null to begin; then what the batch before returned, until that is null, with all else unchanged

Returns one row:
progress   where the next batch goes on; null when there is nothing left to do
updated    how many tasks this batch moved; it can be 0 before the end
total      how many all batches so far moved

Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a bad argument or an empty filter.';

revoke all on function kanthorq_schema.kanthorq_task_batch from public;
