-- level: operator
-- Does one batch of kanthorq_task_cancel_all, _resume_all or _discard_all in the caller's transaction. For programs that make the
-- loop themselves.
--
-- The batches go through the table in the order of event ids, up to the last id that was there when the first one began. The position
-- is the last id that was looked at, whether or not its task was moved: so no task is passed over, none is moved twice by one call,
-- and the call ends, whatever clocks say and whatever workers do meanwhile.
--
-- Rows that another session has locked are skipped, not waited for, and counted. So are tasks that another session moved before a
-- batch came to them: the first batch counts the tasks that match, the last one what is missing.
create or replace function
kanthorq_schema.kanthorq_task_batch(
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
  everything boolean default false,
  batch_size int default 1000,
  max_tasks bigint default null,
  reason text default null,
  schedule_at timestamp with time zone default null,
  reset_attempts boolean default false,
  spread interval default null,
  running boolean default false,
  inout progress kanthorq_schema.kanthorq_task_progress default null,
  out updated bigint,
  out skipped bigint,
  out total bigint,
  out bulk_id bigint
)
returns record
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
set enable_partition_pruning = off
as $function$
declare
  v_consumer record;
  v_filter kanthorq_schema._kanthorq_task_filter;
  v_now bigint := kanthorq_schema._kanthorq_now();
  v_due bigint;
  v_found bigint;
  v_limit bigint;
  v_scanned bigint;
  v_last text;
  v_free text[];
  v_moved record;
begin
  perform kanthorq_schema._kanthorq_check_action(action);
  v_consumer := kanthorq_schema._kanthorq_consumer(consumer);
  v_filter := kanthorq_schema._kanthorq_check_filter(
    states, subject, metadata, error, fingerprint, created_after, created_before, finalized_after, finalized_before
  );
  if v_filter is null and everything is not true then
    raise exception 'the filter is empty, so it would % all tasks of %', action, kanthorq_schema._kanthorq_shown(consumer)
      using errcode = 'KQ003', hint = 'Name states, a subject or another part of the filter; pass everything => true to mean all tasks.';
  end if;
  if batch_size is null or batch_size < 1 or max_tasks < 1 then
    raise exception 'batch_size is %, max_tasks is %', coalesce(batch_size::text, 'null'), coalesce(max_tasks::text, 'null')
      using errcode = 'KQ003', hint = 'Both have to be at least 1; a max_tasks of null is no limit.';
  end if;
  if action <> 'resume' and (schedule_at is not null or spread is not null or reset_attempts) then
    raise exception '% takes no schedule_at, spread or reset_attempts', action
      using errcode = 'KQ003', hint = 'Only resume does.';
  end if;
  v_due := kanthorq_schema._kanthorq_due('schedule_at', schedule_at);
  if not isfinite(spread) or spread < interval '0' or spread > interval '100 years' then
    raise exception 'spread is %', spread
      using errcode = 'KQ003', hint = 'Pass an interval of at most a hundred years, or null for all at once.';
  end if;
  perform kanthorq_schema._kanthorq_check_takes(action, states, running);

  if progress is null then
    execute format($q$
      select
        (select max(t.event_id) from %1$s t),
        (
          select count(*)
          from %1$s t
          where %2$s
            and kanthorq_schema._kanthorq_task_matches(
              $3, t.state, t.subject::text, t.metadata, t.attempted_error, t.created_at, t.finalized_at
            )
        )
      $q$,
      v_consumer.tasks,
      kanthorq_schema._kanthorq_task_takes_sql(action, false, running)
    )
    into v_last, v_found
    using v_now, v_consumer.attempt_max, v_filter;
    progress := row(null, null, v_last, v_now, 0, 0, v_found);
  else
    perform kanthorq_schema._kanthorq_check_progress(progress, false);
  end if;

  v_limit := greatest(least(batch_size, max_tasks - progress.moved), 0);
  execute format($q$
    with scanned as materialized (
      select t.event_id
      from %1$s t
      where %2$s
        and kanthorq_schema._kanthorq_task_matches(
          $3, t.state, t.subject::text, t.metadata, t.attempted_error, t.created_at, t.finalized_at
        )
        and ($4 is null or t.event_id > $4)
        and t.event_id <= $5
      order by t.event_id
      limit $6
    ),
    free as materialized (
      select t.event_id
      from %1$s t
      where t.event_id = any (array(select s.event_id::text from scanned s))
      order by t.event_id
      for no key update
      skip locked
    )
    select (select count(*) from scanned), (select max(s.event_id) from scanned s),
      (select array_agg(f.event_id::text order by f.event_id) from free f)
    $q$,
    v_consumer.tasks,
    kanthorq_schema._kanthorq_task_takes_sql(action, false, running)
  )
  into v_scanned, v_last, v_free
  using v_now, v_consumer.attempt_max, v_filter, progress.position, progress.last_position, v_limit;

  updated := 0;
  bulk_id := kanthorq_schema._kanthorq_bulk(progress.bulk_id, consumer, action);
  if v_free is not null then
    v_moved := kanthorq_schema._kanthorq_task_transition(
      action, consumer, v_free, reason, running, coalesce(v_due, progress.started), reset_attempts,
      coalesce(extract(epoch from spread) * 1000 / greatest(least(progress.found, max_tasks), 1), 0)::double precision,
      progress.moved, bulk_id
    );
    updated := cardinality(v_moved.updated);
    bulk_id := coalesce(bulk_id, v_moved.operation_id);
  end if;
  total := progress.moved + updated;
  skipped := progress.skipped + v_scanned - updated;

  progress.bulk_id := bulk_id;
  progress.position := v_last;
  progress.moved := total;
  progress.skipped := skipped;
  if v_scanned < v_limit or total >= max_tasks or v_last = progress.last_position then
    skipped := greatest(skipped, least(progress.found, max_tasks) - total);
    progress := null;
  end if;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_batch is 'Does one batch of kanthorq_task_cancel_all, kanthorq_task_resume_all or kanthorq_task_discard_all. For programs that make the loop
themselves.

action            cancel, resume or discard
consumer          name of the consumer
states            only tasks in one of these states
subject           only tasks whose subject this filter matches: * is one token, > at the end is one or more
metadata          only tasks whose metadata contains this: {"customer": "42"}
error             only tasks whose last error contains this text, upper and lower case alike
fingerprint       only tasks whose last error has this fingerprint: see kanthorq_task_errors
created_after     only tasks made at this time or later
created_before    only tasks made before this time
finalized_after   only tasks completed, cancelled or discarded at this time or later
finalized_before  only tasks completed, cancelled or discarded before this time
everything        has to be true if there is no filter
batch_size        how many tasks the batch looks at
max_tasks         how many tasks at most in all batches; null is no limit
reason            why, for the log
schedule_at       when the resumed tasks are due; null is now
reset_attempts    true sets attempt_count to 0; otherwise one more failure discards the task again
spread            the time over which the tasks are spread evenly, from schedule_at on
running           true lets cancel take running tasks too. A handler may be working on one: what it reports then does nothing
progress          null to begin; then what the batch before returned, until that is null, with all else unchanged

Returns one row:
progress          where the next batch goes on; null when there is nothing left to do
updated           how many tasks this batch moved; it can be 0 before the end
skipped           how many all batches so far left alone because another session held or moved them meanwhile; in the last batch, at
                  least as many as matched at the start and were not moved, if max_tasks allows them
total             how many all batches so far moved
bulk_id           what kanthorq_task_undo_all takes; null if nothing was moved so far

Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a bad argument or no filter, KQ004 if the bulk has been
undone meanwhile.';
