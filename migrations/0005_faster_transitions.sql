-- Up Migration
do $migration$
begin
  if coalesce(current_schema() ~ '[''"$%\\]', true) then
    raise exception 'can''t install into schema %', coalesce(quote_literal(current_schema()), 'null')
      using errcode = 'KQ003', hint = 'Set search_path to an existing schema without quotes, $, % or backslashes in its name.';
  end if;
  -- The functions call each other, so their bodies can't be checked one by one.
  perform set_config('check_function_bodies', 'off', true);

  execute replace($sql$
-- function: _kanthorq_consumer
-- Finds a consumer by its name: its registry row, and the table that holds its tasks.
--
-- Raises KQ001 when the registry has no such consumer, KQ002 when it has but the table is gone, KQ003 for null.
create or replace function
kanthorq_schema._kanthorq_consumer(
  consumer text,
  out registry kanthorq_schema.kanthorq_consumer_registry,
  out task_table regclass
)
returns record
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
begin
  if consumer is null then
    raise exception 'consumer is null' using errcode = 'KQ003', hint = 'Pass the name of a consumer.';
  end if;
  select r.* into registry from kanthorq_schema.kanthorq_consumer_registry r where r.name = consumer;
  if not found then
    raise exception 'there is no consumer %', kanthorq_schema._kanthorq_shown(consumer)
      using errcode = 'KQ001',
        hint = 'Names are case-sensitive. To list them: select name from kanthorq_schema.kanthorq_consumer_registry';
  end if;
  task_table := kanthorq_schema._kanthorq_table(registry.id::text, 'event_id', 'consumer', consumer);
end
$function$;

comment on function kanthorq_schema._kanthorq_consumer is 'Internal. The registry row and the task table of a consumer; KQ001 or KQ002 if either is missing.';

revoke all on function kanthorq_schema._kanthorq_consumer from public;

-- function: _kanthorq_find_table
-- The table that holds the events of a stream or the tasks of a consumer, given the id from its registry row; null if there is
-- none. key is the column that such a table has: id or event_id.
--
-- Every call of ours asks this. PL/pgSQL keeps the plan for the session, where SQL would plan it anew in each transaction.
--
-- KanthorQ names it `kanthorq_` || id and keeps it in the schema of its registries (entities.Collection).
create or replace function kanthorq_schema._kanthorq_find_table(id text, key text)
returns regclass
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
begin
  return (
    select c.oid::regclass
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attname = key
    where c.relname = 'kanthorq_' || id and c.relnamespace = 'kanthorq_schema'::regnamespace and c.relkind in ('r', 'p')
  );
end
$function$;

comment on function kanthorq_schema._kanthorq_find_table is 'Internal. The table behind a stream id or a consumer id, or null.';

revoke all on function kanthorq_schema._kanthorq_find_table from public;

-- function: _kanthorq_newest_migration
-- The name of the newest migration, which is the one that brought this function. For kanthorq_doctor.
create or replace function kanthorq_schema._kanthorq_newest_migration()
returns text
language sql
immutable
security definer
set search_path to pg_catalog, pg_temp
as $function$
select '0005_faster_transitions'
$function$;

comment on function kanthorq_schema._kanthorq_newest_migration is 'Internal. The name of the newest migration.';

revoke all on function kanthorq_schema._kanthorq_newest_migration from public;

-- function: _kanthorq_partition_ids
-- Divides the distinct ids of a call into those that were moved and those that were not, each in input order.
--
-- One pass over both arrays together. A look-up of each id among the moved ones would have to be planned for their number,
-- which is not always known, and takes for ever with 200,000 of them where it is planned for fewer.
--
-- Its callers have switched sorting off for their own statements; this one has to sort.
create or replace function
kanthorq_schema._kanthorq_partition_ids(
  event_ids text[],
  moved text[],
  out updated text[],
  out noop text[]
)
returns record
language plpgsql
immutable
security definer
set search_path to pg_catalog, pg_temp
set enable_sort = 'on'
as $function$
begin
  select
    coalesce(array_agg(i.event_id) filter (where i.moved), '{}'),
    coalesce(array_agg(i.event_id) filter (where not i.moved), '{}')
  into updated, noop
  from (
    select u.event_id, bool_or(u.moved) as moved
    from (
      select a.event_id, a.position, false as moved from unnest(event_ids) with ordinality a (event_id, position)
      union all
      select m.event_id, null, true from unnest(moved) m (event_id)
    ) u
    group by u.event_id
    order by min(u.position)
  ) i;
end
$function$;

comment on function kanthorq_schema._kanthorq_partition_ids is 'Internal. The distinct ids of a call, divided into moved and not moved, in input order.';

revoke all on function kanthorq_schema._kanthorq_partition_ids from public;

-- function: _kanthorq_shown
-- A value for a message: quoted, and only its beginning if it is long.
create or replace function kanthorq_schema._kanthorq_shown(value text)
returns text
language plpgsql
immutable
security definer
set search_path to pg_catalog, pg_temp
as $function$
begin
  return case
    when value is null then 'null'
    when length(value) > 100 then quote_literal(left(value, 100)) || '…'
    else quote_literal(value)
  end;
end
$function$;

comment on function kanthorq_schema._kanthorq_shown is 'Internal. A value, quoted and cut short for a message.';

revoke all on function kanthorq_schema._kanthorq_shown from public;

-- function: _kanthorq_stream
-- Finds a stream by its name: its registry row, and the table that holds its events.
--
-- Raises KQ001 when the registry has no such stream, KQ002 when it has but the table is gone, KQ003 for null.
create or replace function
kanthorq_schema._kanthorq_stream(
  stream text,
  out registry kanthorq_schema.kanthorq_stream_registry,
  out event_table regclass
)
returns record
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
begin
  if stream is null then
    raise exception 'stream is null' using errcode = 'KQ003', hint = 'Pass the name of a stream.';
  end if;
  select r.* into registry from kanthorq_schema.kanthorq_stream_registry r where r.name = stream;
  if not found then
    raise exception 'there is no stream %', kanthorq_schema._kanthorq_shown(stream)
      using errcode = 'KQ001',
        hint = 'Names are case-sensitive. To list them: select name from kanthorq_schema.kanthorq_stream_registry';
  end if;
  event_table := kanthorq_schema._kanthorq_table(registry.id::text, 'id', 'stream', stream);
end
$function$;

comment on function kanthorq_schema._kanthorq_stream is 'Internal. The registry row and the event table of a stream; KQ001 or KQ002 if either is missing.';

revoke all on function kanthorq_schema._kanthorq_stream from public;

-- function: _kanthorq_table
select set_config('kanthorq.grantees', coalesce((
  select string_agg(a.grantee::regrole::text, ', ')
  from pg_proc p, aclexplode(p.proacl) a
  where p.oid = 'kanthorq_schema._kanthorq_table'::regproc and a.grantee not in (0, p.proowner)
), ''), true);
drop function kanthorq_schema._kanthorq_table;
-- its new declaration:
-- The table behind a stream id or a consumer id, like _kanthorq_find_table, but raises KQ002 when there is none.
--
-- kind and name say whose table it is, for the message. The result prints qualified and quoted, ready for format('%s').
create or replace function kanthorq_schema._kanthorq_table(id text, key text, kind text, name text)
returns regclass
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_table regclass := kanthorq_schema._kanthorq_find_table(id, key);
begin
  if v_table is null then
    raise exception 'the table % of % % is gone',
        format('kanthorq_schema.%I', 'kanthorq_' || id), kind, kanthorq_schema._kanthorq_shown(name)
      using errcode = 'KQ002',
        hint = 'Restore the table from a backup. Registering the name again would make an empty one.';
  end if;
  return v_table;
end
$function$;

comment on function kanthorq_schema._kanthorq_table is 'Internal. The table behind a stream id or a consumer id; KQ002 if it is gone.';

revoke all on function kanthorq_schema._kanthorq_table from public;
-- its grants again:
do $grants$
begin
  if current_setting('kanthorq.grantees') <> '' then
    execute 'grant execute on function kanthorq_schema._kanthorq_table to ' || current_setting('kanthorq.grantees');
  end if;
end
$grants$;

-- function: _kanthorq_task_action
-- What cancel, resume and discard are: the one place where a transition is defined.
--
-- from_states and condition say which tasks it takes, to_state and assignments what it writes. The two texts are SQL about
-- the task t; they may use $1, now in epoch milliseconds, and $2, the consumer's attempt_max; assignments also $6, when the
-- task is due in epoch milliseconds. No index is to serve the condition: a task is looked for by
-- its id (_kanthorq_task_transition). attempts is what becomes of attempt_count, null if it and schedule_at are left alone.
--
-- - Cancel writes what KanthorQ's own Cancel writes. A running task is not taken, for a worker may hold it.
-- - Resume makes tasks running, not available: of KanthorQ's pullers one takes running tasks whose schedule_at has passed
--   and one takes retryable tasks; nothing ever takes an available or a pending one. Both want
--   attempt_count <= attempt_max, so attempt_count comes down to attempt_max where it is above: one attempt is left,
--   however often a task is resumed.
-- - Discard takes running tasks that are overdue and have spent their attempts: those that no puller will ever take.
create or replace function
kanthorq_schema._kanthorq_task_action(
  action text,
  reset_attempts boolean,
  out from_states smallint[],
  out condition text,
  out to_state smallint,
  out assignments text,
  out attempts text
)
returns record
language plpgsql
immutable
security definer
set search_path to pg_catalog, pg_temp
as $function$
begin
  condition := 'true';
  case action
    when 'cancel' then
      from_states := array[
        kanthorq_schema._kanthorq_task_state('pending'),
        kanthorq_schema._kanthorq_task_state('available'),
        kanthorq_schema._kanthorq_task_state('retryable')
      ];
      to_state := kanthorq_schema._kanthorq_task_state('cancelled');
      assignments := 'finalized_at = $1';
    when 'resume' then
      from_states := array[
        kanthorq_schema._kanthorq_task_state('discarded'),
        kanthorq_schema._kanthorq_task_state('cancelled')
      ];
      to_state := kanthorq_schema._kanthorq_task_state('running');
      attempts := case when reset_attempts then '0::smallint' else 'least(t.attempt_count, $2)' end;
      assignments := 'finalized_at = 0, schedule_at = $6, attempt_count = ' || attempts;
    when 'discard' then
      from_states := array[kanthorq_schema._kanthorq_task_state('running')];
      condition := 't.schedule_at + 0 < $1 and t.attempt_count + 0 > $2';
      to_state := kanthorq_schema._kanthorq_task_state('discarded');
      assignments := 'finalized_at = $1';
    else
      raise exception '% is not an action', kanthorq_schema._kanthorq_shown(action)
        using errcode = 'KQ003', hint = 'The actions are cancel, resume and discard.';
  end case;
end
$function$;

comment on function kanthorq_schema._kanthorq_task_action is 'Internal. Which tasks cancel, resume or discard takes, and what it writes; KQ003 for another word.';

revoke all on function kanthorq_schema._kanthorq_task_action from public;

-- function: _kanthorq_task_columns
-- The SELECT list that makes a kanthorq_task out of a row t of a consumer's table.
--
-- It wants $1, now in epoch milliseconds, and $2, the consumer's attempt_max. KanthorQ writes 0 where a time is not known
-- yet; here that is null. A state that KanthorQ does not have is shown as its number.
create or replace function kanthorq_schema._kanthorq_task_columns()
returns text
language sql
immutable
security definer
set search_path to pg_catalog, pg_temp
as $function$
select format(
  't.event_id::text, t.subject::text, case t.state %s else t.state::text end, t.state = any (%L) and %s, %s, %s, t.attempt_count::integer,'
  ' $2::integer, %s, t.attempted_error[array_upper(t.attempted_error, 1)] ->> ''error'', t.metadata, %s, %s',
  (select string_agg(format('when %s then %L', s.code, s.name), ' ') from kanthorq_schema._kanthorq_task_states() s),
  d.from_states,
  d.condition,
  kanthorq_schema._kanthorq_as_time('nullif(t.schedule_at, 0)'),
  kanthorq_schema._kanthorq_as_time('nullif(t.finalized_at, 0)'),
  kanthorq_schema._kanthorq_as_time('nullif(t.attempted_at, 0)'),
  kanthorq_schema._kanthorq_as_time('t.created_at'),
  kanthorq_schema._kanthorq_as_time('t.updated_at')
)
from kanthorq_schema._kanthorq_task_action('discard', false) d
$function$;

comment on function kanthorq_schema._kanthorq_task_columns is 'Internal. The SELECT list that makes a kanthorq_task.';

revoke all on function kanthorq_schema._kanthorq_task_columns from public;

-- function: _kanthorq_task_transition
-- Moves the given tasks of one consumer as an action says, and logs it: what cancel, resume and discard have in common.
--
-- Locking. Two calls with overlapping ids must never deadlock, so rows have to be locked in the order of their ids. Rows are
-- therefore locked first, and what they were is read for the log; then they are updated where they lie, by their ctid, which
-- cannot change any more.
--
-- From PostgreSQL 18 on there is a cheaper way, for RETURNING tells what a row was: to update at once, if rows are visited in
-- the order of their ids. Which of these it is, is the cheapest that is sure:
-- - One id has no order.
-- - Up to 5000 ids are sorted and looked up one after the other in a nested loop. It is the one join that needs nothing but
--   index scans, and a merge join, which may come of it too, goes by event_id itself. Which index is used does not matter,
--   but for the time that it takes: where statistics know of no rows it could be a wrong one, ids times.
-- - More are quicker found in one index scan. The planner decides anew each time by which index, so it is asked.
-- - A partitioned table has a key for each partition, and so no order in which a scan finds the ids of all. Its rows are
--   locked first; a ctid says too little there, so that the ids are looked up again.
--
-- So that there is no other way to a task than by its id: seqscan and bitmapscan are off; what else is asked of a task is
-- written so that no index on those columns can serve it; and an array of ids is hidden in a sub-select, so that the planner need not look at
-- 50,000 of them one by one. A plan that has to do what is off looks so dear that it would be compiled, so jit is off too.
--
-- The state is tested on the row that is locked: PostgreSQL tests it again when it had to wait for another session, so of
-- two racing calls exactly one reports a task as updated.
--
-- updated_at always grows, also when two calls move a task in the same millisecond or an application's clock is ahead: undo
-- tells by it which of them was the last.
--
-- due is when resumed tasks run. With a spread_step (milliseconds, fractions count; 0 is none) the n-th of event_ids, counted from
-- spread_from, runs at due + n × spread_step; event_ids must then be sorted.
create or replace function
kanthorq_schema._kanthorq_task_transition(
  action text,
  consumer text,
  event_ids text[],
  reason text,
  due timestamp with time zone,
  reset_attempts boolean,
  spread_step double precision,
  spread_from bigint,
  out updated text[],
  out noop text[]
)
returns record
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
set enable_indexscan = 'on'
set enable_nestloop = 'on'
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
set enable_sort = off
as $function$
declare
  v_action record;
  v_consumer record;
  v_now bigint := floor(extract(epoch from clock_timestamp()) * 1000)::bigint;
  v_due bigint := coalesce(floor(extract(epoch from due) * 1000)::bigint, v_now);
  v_update text;
  v_where text;
  v_log text;
  v_sql text;
  -- Whether RETURNING knows what a row was.
  v_old boolean := current_setting('server_version_num')::integer >= 180000;
  v_table record;
  v_plan jsonb;
  v_way text := 'lock first';
  v_newest bigint;
  v_count bigint;
  v_ctids tid[];
  v_done kanthorq_schema.kanthorq_task_operation;
begin
  perform kanthorq_schema._kanthorq_check_event_ids(event_ids);
  v_consumer := kanthorq_schema._kanthorq_consumer(consumer);
  v_action := kanthorq_schema._kanthorq_task_action(action, reset_attempts);
  if cardinality(event_ids) = 1 and v_old then
    v_way := 'one';
  else
    select c.relkind = 'p' as partitioned, not c.relhassubclass and c.reltuples <> 0 and a.attcollation = 'pg_catalog.default'::regcollation as plain
    into v_table
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attname = 'event_id'
    where c.oid = v_consumer.task_table;
    if v_old and not v_table.partitioned then
      v_way := case when cardinality(event_ids) <= 5000 and v_table.plain then 'loop' else 'scan' end;
    end if;
  end if;

  v_update := format(
    'update %s as t set state = $5, updated_at = greatest($1, least(t.updated_at, 9223372036854775806) + 1), %s',
    v_consumer.task_table, v_action.assignments
  );
  if spread_step > 0 then
    v_update := replace(v_update, '$6', 'least($6 + $7 * ($8 + width_bucket(t.event_id::text, $3) - 1), 8640000000000000)');
  end if;
  v_where := 't.state::integer = any ($4) and ' || v_action.condition;
  v_log := 'coalesce(array_agg(t.event_id::text), ''{}''), array_agg(t.state), array_agg(t.updated_at), max(t.updated_at)'
    || coalesce(
      ', array_agg(t.schedule_at), array_agg(t.finalized_at), array_agg(t.attempt_count), array_agg('
        || v_action.attempts || ')',
      ', null, null, null, null'
    );

  if v_way = 'one' then
    v_sql := format(
      '%s where t.event_id = any ($3) and %s returning array[t.event_id::text], array[old.state], array[old.updated_at],'
      ' old.updated_at, %s, null',
      v_update, v_where,
      case
        when v_action.attempts is null then 'null, null, null, null'
        else 'array[old.schedule_at], array[old.finalized_at], array[old.attempt_count], array[t.attempt_count]'
      end
    );
  elsif v_way in ('loop', 'scan') then
    v_sql := format(
      'with moved as (%s %s and %s returning t.event_id, old.state, old.updated_at%s) select %s, null from moved t',
      v_update,
      case v_way
        when 'loop' then 'from (select u.id from unnest($3) u (id) order by u.id) i where t.event_id = i.id'
        else 'where t.event_id = any ((select $3)::text[])'
      end,
      v_where,
      case when v_action.attempts is null then '' else ', old.schedule_at, old.finalized_at, old.attempt_count' end,
      v_log
    );
  end if;
  if v_way = 'scan' then
    execute 'explain (format json, costs off) ' || v_sql
    into v_plan
    using v_now, (v_consumer.registry).attempt_max, event_ids, v_action.from_states::integer[], v_action.to_state,
      v_due, spread_step, spread_from;
    if not kanthorq_schema._kanthorq_goes_by_event_id(v_plan) then
      v_way := 'lock first';
    end if;
  end if;
  if v_way = 'lock first' then
    v_sql := format(
      'with locked as materialized (select t.event_id, t.state, t.updated_at, t.schedule_at, t.finalized_at,'
      ' t.attempt_count, t.ctid from %s as t where t.event_id = any ((select $3)::text[]) and %s'
      ' order by t.event_id for no key update)'
      ' select %s, array_agg(t.ctid) from locked t',
      v_consumer.task_table, v_where, v_log
    );
  end if;

  execute v_sql
  into v_done.event_ids, v_done.from_state, v_done.from_updated_at, v_newest, v_done.from_schedule_at,
    v_done.from_finalized_at, v_done.from_attempt_count, v_done.to_attempt_count, v_ctids
  using v_now, (v_consumer.registry).attempt_max, event_ids, v_action.from_states::integer[], v_action.to_state,
    v_due, spread_step, spread_from;

  if v_way = 'lock first' and cardinality(v_done.event_ids) > 0 then
    execute v_update || ' where t.state::integer = any ($4) and '
      || case when v_table.partitioned then 't.event_id = any ((select $9)::text[])' else 't.ctid = any ($10)' end
    using v_now, (v_consumer.registry).attempt_max, event_ids, v_action.from_states::integer[], v_action.to_state,
      v_due, spread_step, spread_from, v_done.event_ids, v_ctids;
    get diagnostics v_count = row_count;
    if v_count < cardinality(v_done.event_ids) then
      -- A trigger may keep a row from being updated. It is in the old state still.
      execute format(
        'select coalesce(array_agg(e.a), ''{}''), array_agg(e.b), array_agg(e.c), max(e.c), array_agg(e.d), array_agg(e.e),'
        ' array_agg(e.f), array_agg(e.g) from unnest($1, $2, $3, $4, $5, $6, $7) e (a, b, c, d, e, f, g)'
        ' join %s t on t.event_id = e.a where t.state = $8',
        v_consumer.task_table
      )
      into v_done.event_ids, v_done.from_state, v_done.from_updated_at, v_newest, v_done.from_schedule_at,
        v_done.from_finalized_at, v_done.from_attempt_count, v_done.to_attempt_count
      using v_done.event_ids, v_done.from_state, v_done.from_updated_at, v_done.from_schedule_at,
        v_done.from_finalized_at, v_done.from_attempt_count, v_done.to_attempt_count, v_action.to_state;
    end if;
  end if;

  if cardinality(v_done.event_ids) > 0 then
    if v_newest >= v_now then
      v_done.to_updated_at := array(
        select greatest(v_now, least(f.updated_at, 9223372036854775806) + 1)
        from unnest(v_done.from_updated_at) with ordinality f (updated_at, n) order by f.n
      );
    end if;
    v_done.at := to_timestamp(v_now / 1000.0);
    v_done.action := action;
    v_done.consumer := consumer;
    v_done.reason := reason;
    perform kanthorq_schema._kanthorq_task_log(v_done);
  end if;

  -- As many as were asked for: each id was there once, and moved. The slice counts from 1, whatever the argument did.
  if cardinality(v_done.event_ids) = cardinality(event_ids) then
    updated := event_ids[:];
    noop := '{}';
  else
    select p.updated, p.noop into updated, noop
    from kanthorq_schema._kanthorq_partition_ids(event_ids, coalesce(v_done.event_ids, '{}')) p;
  end if;
end
$function$;

comment on function kanthorq_schema._kanthorq_task_transition is 'Internal. Does what an action says to the given tasks, logs it, and says which ids were moved.';

revoke all on function kanthorq_schema._kanthorq_task_transition from public;

-- function: kanthorq_task_all
-- The loop of kanthorq_task_cancel_all, _resume_all and _discard_all: batch after batch, each committed.
--
-- A procedure that commits can be neither SECURITY DEFINER nor carry a SET clause, so this one runs as its caller, under
-- the caller's search_path: everything in it is qualified, and all the work is done by the definer function that does one
-- batch. Stopping it half-way loses nothing; calling it again goes on.
create or replace procedure
kanthorq_schema.kanthorq_task_all(
  action text,
  consumer text,
  states text[],
  subject text,
  metadata jsonb,
  error text,
  created_after timestamp with time zone,
  created_before timestamp with time zone,
  everything boolean,
  batch_size int,
  max_tasks bigint,
  pause interval,
  reason text,
  schedule_at timestamp with time zone,
  reset_attempts boolean,
  spread interval,
  inout updated bigint default null
)
language plpgsql
as $procedure$
declare
  v_batch pg_catalog.record;
  v_progress pg_catalog.jsonb;
  v_start pg_catalog.timestamptz;
begin
  -- A COMMIT always fails in this block, but with a text of its own where the caller is in a transaction. Better now than
  -- after the first batch. In a translated server the text is another, and PostgreSQL's own error comes at that COMMIT.
  begin
    commit;
  exception when invalid_transaction_termination then
    if sqlerrm operator(pg_catalog.=) 'invalid transaction termination' then
      raise exception 'kanthorq_task_%_all commits each batch, so it can''t be part of a transaction', action
        using errcode = 'active_sql_transaction',
          hint = 'Call it outside BEGIN and outside a function; or call kanthorq_task_batch, which does one batch in your transaction.';
    end if;
  end;

  if pause operator(pg_catalog.<) interval '0' or pause operator(pg_catalog.>) interval '1 day' then
    raise exception 'pause is %', pause using errcode = 'KQ003', hint = 'Pass an interval of at most a day, or null.';
  end if;

  updated := 0;
  loop
    v_start := pg_catalog.clock_timestamp();
    select b.progress, b.updated, b.total into v_batch
    from kanthorq_schema.kanthorq_task_batch(
      action, consumer, states, subject, metadata, error, created_after, created_before, everything, batch_size,
      max_tasks, reason, schedule_at, reset_attempts, spread, v_progress
    ) b;
    commit;
    v_progress := v_batch.progress;
    if v_batch.updated operator(pg_catalog.>) 0 then
      updated := v_batch.total;
      raise notice '% %: % tasks so far', action, consumer, updated;
      if v_progress is not null then
        perform pg_catalog.pg_sleep_for(coalesce(
          pause, (pg_catalog.clock_timestamp() operator(pg_catalog.-) v_start) operator(pg_catalog.*) 2::pg_catalog.float8
        ));
      end if;
    end if;
    exit when v_progress is null;
  end loop;
end
$procedure$;

comment on procedure kanthorq_schema.kanthorq_task_all is 'What kanthorq_task_cancel_all, kanthorq_task_resume_all and kanthorq_task_discard_all call; call those.

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
pause           how long to wait between batches; null is twice as long as the batch took, so that workers keep most of the server
reason          why, for the log
schedule_at     when resumed tasks are due; null is now
reset_attempts  true gives resumed tasks all their attempts back; otherwise at least one is left
spread          spreads resumed tasks evenly over this time, from schedule_at on
updated         the number of tasks

Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a bad argument, 25001 inside a transaction;
then nothing has changed, unless batches were committed before.';

revoke all on procedure kanthorq_schema.kanthorq_task_all from public;

-- function: kanthorq_task_cancel_all
-- Cancels all pending, available and retryable tasks that a filter matches, batch by batch.
--
-- Commits each batch and says how many there were so far. Whatever stops it, whole batches are done and logged, and
-- calling it again goes on. Tasks that a worker or another session holds are skipped. See kanthorq_task_batch.
create or replace procedure
kanthorq_schema.kanthorq_task_cancel_all(
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
  pause interval default null,
  reason text default null,
  inout updated bigint default null
)
language plpgsql
as $procedure$
begin
  call kanthorq_schema.kanthorq_task_all(
    'cancel', consumer, states, subject, metadata, error, created_after, created_before, everything, batch_size,
    max_tasks, pause, reason, null::pg_catalog.timestamptz, false, null::pg_catalog.interval, updated
  );
end
$procedure$;

comment on procedure kanthorq_schema.kanthorq_task_cancel_all is 'Cancels all tasks that a filter matches and that are pending, available or retryable, batch by batch.

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
pause           how long to wait between batches; null is twice as long as the batch took, so that workers keep most of the server
reason          why, for the log

Returns the number of tasks as updated. It commits, so it can''t be called in a transaction. Raises KQ001 if there is no such consumer,
KQ002 if its table is gone, KQ003 for a bad argument or an empty filter.';

revoke all on procedure kanthorq_schema.kanthorq_task_cancel_all from public;

-- function: kanthorq_task_convert
-- Makes tasks of a consumer out of events of its stream.
--
-- Does what KanthorQ's TaskConvert does: each task takes its subject and metadata from the event and is due after the
-- consumer's visibility timeout; which events a consumer wants is decided by the caller, not here. Events that are not
-- in the stream, and those that the consumer has a task for already, are passed over.
-- Rows are inserted in event-id order, so that two calls with overlapping ids wait for each other but never deadlock.
create or replace function
kanthorq_schema.kanthorq_task_convert(
  consumer text,
  event_ids text[],
  initial_state text default 'available'
)
returns setof kanthorq_schema.kanthorq_task
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_state smallint := kanthorq_schema._kanthorq_task_state(initial_state);
  v_consumer record;
  v_now bigint := floor(extract(epoch from clock_timestamp()) * 1000)::bigint;
begin
  perform kanthorq_schema._kanthorq_check_event_ids(event_ids);
  v_consumer := kanthorq_schema._kanthorq_consumer(consumer);

  return query execute format(
    'with made as ('
    ' insert into %s as t (event_id, subject, state, schedule_at, metadata)'
    ' select e.id, e.subject, $4, $1 + $5, e.metadata'
    ' from %s e where e.id = any ($3) order by e.id'
    ' on conflict (event_id) do nothing'
    ' returning t.*'
    ')'
    ' select %s from made t'
    ' join (select id, min(n) as n from unnest($3) with ordinality i (id, n) group by id) i on i.id = t.event_id'
    ' order by i.n',
    v_consumer.task_table,
    kanthorq_schema._kanthorq_table(
      (v_consumer.registry).stream_id::text, 'id', 'stream', (v_consumer.registry).stream_name::text
    ),
    kanthorq_schema._kanthorq_task_columns()
  )
  using v_now, (v_consumer.registry).attempt_max, event_ids, v_state, (v_consumer.registry).visibility_timeout;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_convert is 'Makes tasks of a consumer out of events of its stream.

consumer       name of the consumer
event_ids      ids of the events; any number, duplicates count once
initial_state  state of the new tasks: pending, available, running or any other

Returns the tasks that are new, as rows of type kanthorq_task in the order of event_ids. Events that are unknown or that the
consumer has a task for are passed over. Raises KQ001 if there is no such consumer, KQ002 if a table is gone, KQ003 for a bad
argument.';

revoke all on function kanthorq_schema.kanthorq_task_convert from public;

-- function: kanthorq_task_discard_all
-- Discards all stuck tasks that a filter matches, batch by batch.
--
-- Commits each batch and says how many there were so far. Whatever stops it, whole batches are done and logged, and
-- calling it again goes on. Tasks that a worker or another session holds are skipped. See kanthorq_task_batch.
create or replace procedure
kanthorq_schema.kanthorq_task_discard_all(
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
  pause interval default null,
  reason text default null,
  inout updated bigint default null
)
language plpgsql
as $procedure$
begin
  call kanthorq_schema.kanthorq_task_all(
    'discard', consumer, states, subject, metadata, error, created_after, created_before, everything, batch_size,
    max_tasks, pause, reason, null::pg_catalog.timestamptz, false, null::pg_catalog.interval, updated
  );
end
$procedure$;

comment on procedure kanthorq_schema.kanthorq_task_discard_all is 'Discards all tasks that a filter matches and that are stuck: running, overdue, and with their attempts spent; batch by batch.

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
pause           how long to wait between batches; null is twice as long as the batch took, so that workers keep most of the server
reason          why, for the log

Returns the number of tasks as updated. It commits, so it can''t be called in a transaction. Raises KQ001 if there is no such consumer,
KQ002 if its table is gone, KQ003 for a bad argument or an empty filter.';

revoke all on procedure kanthorq_schema.kanthorq_task_discard_all from public;

-- function: kanthorq_task_explain
-- Says of each task what cancel, resume and discard would do to it, why, and when it will next run.
--
-- Whether an action takes a task is decided by the very condition that the action uses.
create or replace function kanthorq_schema.kanthorq_task_explain(consumer text, event_ids text[])
returns table (
  event_id text,
  state text,
  can_cancel boolean,
  can_resume boolean,
  can_discard boolean,
  why text,
  next_run_at timestamp with time zone
)
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_consumer record;
  v_cancel record := kanthorq_schema._kanthorq_task_action('cancel', false);
  v_resume record := kanthorq_schema._kanthorq_task_action('resume', false);
  v_discard record := kanthorq_schema._kanthorq_task_action('discard', false);
  v_now bigint := floor(extract(epoch from clock_timestamp()) * 1000)::bigint;
begin
  perform kanthorq_schema._kanthorq_check_event_ids(event_ids);
  v_consumer := kanthorq_schema._kanthorq_consumer(consumer);

  return query execute format(
    'select i.event_id, coalesce(s.name, t.state::text),'
    ' coalesce(t.state = any ($4) and %2$s, false),'
    ' coalesce(t.state = any ($5) and %3$s, false),'
    ' coalesce(t.state = any ($6) and %4$s, false),'
    ' kanthorq_schema._kanthorq_task_why(coalesce(s.name, t.state::text), %5$s, %6$s, t.attempt_count, $2,'
    '   t.attempted_error[array_upper(t.attempted_error, 1)] ->> ''error'', %7$s),'
    ' case when s.name in (''running'', ''retryable'') and t.attempt_count <= $2'
    '   then %8$s end'
    ' from (select u.event_id, min(u.n) as n from unnest($3) with ordinality u (event_id, n) group by u.event_id) i'
    ' left join %1$s t on t.event_id = i.event_id'
    ' left join kanthorq_schema._kanthorq_task_states() s on s.code = t.state'
    ' order by i.n',
    v_consumer.task_table,
    v_cancel.condition,
    v_resume.condition,
    v_discard.condition,
    kanthorq_schema._kanthorq_as_time('t.schedule_at'),
    kanthorq_schema._kanthorq_as_time('nullif(t.finalized_at, 0)'),
    kanthorq_schema._kanthorq_as_time('$1'),
    kanthorq_schema._kanthorq_as_time('greatest(t.schedule_at, $1)')
  )
  using v_now, (v_consumer.registry).attempt_max, event_ids,
    v_cancel.from_states, v_resume.from_states, v_discard.from_states;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_explain is 'Says what cancel, resume and discard would do to each task, and why, without doing it.

consumer     name of the consumer
event_ids    ids of the tasks'' events; any number, duplicates count once

Returns a row for each distinct id, in the order of event_ids:
event_id     the id
state        null if there is no such task; a number if KanthorQ has no such state
can_cancel   whether kanthorq_task_cancel would update it now
can_resume   whether kanthorq_task_resume would
can_discard  whether kanthorq_task_discard would
why          a sentence about where it stands and what can be done
next_run_at  when a worker may take it, at the earliest; null if none ever will unless a person acts

Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a bad argument.';

revoke all on function kanthorq_schema.kanthorq_task_explain from public;

-- function: kanthorq_task_operations
-- Reads the log, newest first, a page at a time: pass the last id of a page as `before` to get the next one.
create or replace function
kanthorq_schema.kanthorq_task_operations(
  consumer text default null,
  event_id text default null,
  before bigint default null,
  max_operations int default 100
)
returns table (
  id bigint,
  at timestamp with time zone,
  action text,
  consumer_name text,
  reason text,
  actor text,
  application_name text,
  client_addr inet,
  transaction_id xid8,
  undoes bigint,
  tasks int,
  from_states jsonb,
  event_ids text[]
)
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
#variable_conflict use_column
begin
  if max_operations is null or max_operations < 1 then
    raise exception 'max_operations is %', coalesce(max_operations::text, 'null')
      using errcode = 'KQ003', hint = 'Pass how many operations a page may have, at least 1.';
  end if;
  return query
  select
    o.id, o.at, o.action, o.consumer, o.reason, o.actor, o.application_name, o.client_addr, o.transaction_id, o.undoes,
    cardinality(o.event_ids),
    (
      select jsonb_object_agg(s.name, n.tasks)
      from (select f.code, count(*) as tasks from unnest(o.from_state) f (code) group by f.code) n
      join kanthorq_schema._kanthorq_task_states() s on s.code = n.code
    ),
    o.event_ids
  from kanthorq_schema.kanthorq_task_operation o
  where (kanthorq_task_operations.consumer is null or o.consumer = kanthorq_task_operations.consumer)
    and (kanthorq_task_operations.event_id is null or o.event_ids @> array[kanthorq_task_operations.event_id])
    and (kanthorq_task_operations.before is null or o.id < kanthorq_task_operations.before)
  order by o.id desc
  limit max_operations;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_operations is 'Reads the log of all transitions, newest first.

consumer        only those of this consumer
event_id        only those that moved this task
before          the last id of the page before; null is the first page
max_operations  how many at most

Returns a row for each call, or batch, that moved tasks:
id                what kanthorq_task_undo takes
at                when; updated_at of its tasks is the same millisecond
action            cancel, resume, discard or undo
consumer_name     whose tasks it moved
reason            what the caller gave as the reason
actor             the role that had logged in
application_name  what its connection called itself
client_addr       where the connection came from; null for a socket of the server''s own machine
transaction_id    the transaction that it was part of
undoes            the operation that it undid
tasks             how many it moved
from_states       how many of them came from each state: {"available": 3}
event_ids         which

Raises KQ003 for a bad argument.';

revoke all on function kanthorq_schema.kanthorq_task_operations from public;

-- function: kanthorq_task_resume_all
-- Resumes all discarded and cancelled tasks that a filter matches, batch by batch.
--
-- Commits each batch and says how many there were so far. Whatever stops it, whole batches are done and logged, and
-- calling it again goes on. Tasks that a worker or another session holds are skipped. See kanthorq_task_batch.
create or replace procedure
kanthorq_schema.kanthorq_task_resume_all(
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
  pause interval default null,
  reason text default null,
  schedule_at timestamp with time zone default null,
  reset_attempts boolean default false,
  spread interval default null,
  inout updated bigint default null
)
language plpgsql
as $procedure$
begin
  call kanthorq_schema.kanthorq_task_all(
    'resume', consumer, states, subject, metadata, error, created_after, created_before, everything, batch_size,
    max_tasks, pause, reason, schedule_at, reset_attempts, spread, updated
  );
end
$procedure$;

comment on procedure kanthorq_schema.kanthorq_task_resume_all is 'Resumes all tasks that a filter matches and that are discarded or cancelled, batch by batch.

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
pause           how long to wait between batches; null is twice as long as the batch took, so that workers keep most of the server
reason          why, for the log
schedule_at     when they are due; null is now
reset_attempts  true gives them all their attempts back; otherwise at least one is left
spread          spreads them evenly over this time, from schedule_at on, so that they do not all come at once

Returns the number of tasks as updated. It commits, so it can''t be called in a transaction. Raises KQ001 if there is no such consumer,
KQ002 if its table is gone, KQ003 for a bad argument or an empty filter.';

revoke all on procedure kanthorq_schema.kanthorq_task_resume_all from public;

-- function: kanthorq_task_stats
-- How many tasks a consumer has in each state. Looks at all of its tasks.
--
-- Without a name, all consumers of the registry; one whose table is gone is left out, kanthorq_doctor() tells of it.
create or replace function kanthorq_schema.kanthorq_task_stats(consumer text default null)
returns table (
  consumer_name text,
  state text,
  tasks bigint,
  oldest timestamp with time zone,
  next_due timestamp with time zone,
  stuck bigint
)
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_name text;
  v_consumer record;
  v_action record := kanthorq_schema._kanthorq_task_action('discard', false);
  v_now bigint := floor(extract(epoch from clock_timestamp()) * 1000)::bigint;
begin
  if consumer is not null then
    perform kanthorq_schema._kanthorq_consumer(consumer);
  end if;
  for v_name in
    select r.name::text from kanthorq_schema.kanthorq_consumer_registry r
    where (consumer is null or r.name = consumer)
      and kanthorq_schema._kanthorq_find_table(r.id::text, 'event_id') is not null
    order by r.name
  loop
    v_consumer := kanthorq_schema._kanthorq_consumer(v_name);
    return query execute format(
      'select $3, coalesce(s.name, c.state::text), c.tasks, %s, %s, c.stuck'
      ' from ('
      '   select t.state, count(*) as tasks, min(t.created_at) as oldest,'
      '     min(t.schedule_at) filter (where t.state = any ($4) and t.attempt_count <= $2) as due,'
      '     count(*) filter (where t.state = any ($5) and %s) as stuck'
      '   from %s t group by t.state'
      ' ) c'
      ' left join kanthorq_schema._kanthorq_task_states() s on s.code = c.state'
      ' order by c.state',
      kanthorq_schema._kanthorq_as_time('c.oldest'),
      kanthorq_schema._kanthorq_as_time('c.due'),
      v_action.condition,
      v_consumer.task_table
    )
    using v_now, (v_consumer.registry).attempt_max, v_name,
      array[kanthorq_schema._kanthorq_task_state('running'), kanthorq_schema._kanthorq_task_state('retryable')],
      v_action.from_states;
  end loop;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_stats is 'How many tasks there are in each state, for one consumer or, with null, for all of them.

consumer  name of a consumer, or null for all

Returns a row for each consumer and state that has tasks:
consumer_name  whose tasks they are
state          the state that they are in; a number if KanthorQ has no such state
tasks          how many there are
oldest         when the oldest of them was made
next_due       when the first of them that a worker may take is due; in the past if one is waiting, null if there is none
stuck          how many are running, overdue and with their attempts spent: kanthorq_task_discard frees them

Raises KQ001 if there is no such consumer, KQ002 if its table is gone.';

revoke all on function kanthorq_schema.kanthorq_task_stats from public;
$sql$, 'kanthorq_schema', quote_ident(current_schema()));
end
$migration$;

-- Down Migration
do $migration$
begin
  if coalesce(current_schema() ~ '[''"$%\\]', true) then
    raise exception 'can''t install into schema %', coalesce(quote_literal(current_schema()), 'null')
      using errcode = 'KQ003', hint = 'Set search_path to an existing schema without quotes, $, % or backslashes in its name.';
  end if;
  -- The functions call each other, so their bodies can't be checked one by one.
  perform set_config('check_function_bodies', 'off', true);

  execute replace($sql$
-- function: _kanthorq_consumer
-- Finds a consumer by its name: its registry row, and the table that holds its tasks.
--
-- Raises KQ001 when the registry has no such consumer, KQ002 when it has but the table is gone, KQ003 for null.
create or replace function
kanthorq_schema._kanthorq_consumer(
  consumer text,
  out registry kanthorq_schema.kanthorq_consumer_registry,
  out task_table regclass
)
returns record
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
begin
  if consumer is null then
    raise exception 'consumer is null' using errcode = 'KQ003', hint = 'Pass the name of a consumer.';
  end if;
  select r.* into registry from kanthorq_schema.kanthorq_consumer_registry r where r.name = consumer;
  if not found then
    raise exception 'there is no consumer %', kanthorq_schema._kanthorq_shown(consumer)
      using errcode = 'KQ001',
        hint = 'Names are case-sensitive. To list them: select name from kanthorq_schema.kanthorq_consumer_registry';
  end if;
  task_table := kanthorq_schema._kanthorq_table(registry.id::text, 'event_id', 'consumer ' || kanthorq_schema._kanthorq_shown(consumer));
end
$function$;

comment on function kanthorq_schema._kanthorq_consumer is 'Internal. The registry row and the task table of a consumer; KQ001 or KQ002 if either is missing.';

revoke all on function kanthorq_schema._kanthorq_consumer from public;

-- function: _kanthorq_find_table
-- The table that holds the events of a stream or the tasks of a consumer, given the id from its registry row; null if there is
-- none. key is the column that such a table has: id or event_id.
--
-- KanthorQ names it `kanthorq_` || id and keeps it in the schema of its registries (entities.Collection).
create or replace function kanthorq_schema._kanthorq_find_table(id text, key text)
returns regclass
language sql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
select c.oid::regclass
from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.attname = key
where c.relname = 'kanthorq_' || id and c.relnamespace = 'kanthorq_schema'::regnamespace and c.relkind in ('r', 'p')
$function$;

comment on function kanthorq_schema._kanthorq_find_table is 'Internal. The table behind a stream id or a consumer id, or null.';

revoke all on function kanthorq_schema._kanthorq_find_table from public;

-- function: _kanthorq_newest_migration
-- The name of the newest migration, which is the one that brought this function. For kanthorq_doctor.
create or replace function kanthorq_schema._kanthorq_newest_migration()
returns text
language sql
immutable
security definer
set search_path to pg_catalog, pg_temp
as $function$
select '0004_grants'
$function$;

comment on function kanthorq_schema._kanthorq_newest_migration is 'Internal. The name of the newest migration.';

revoke all on function kanthorq_schema._kanthorq_newest_migration from public;

-- function: _kanthorq_partition_ids
-- Divides the distinct ids of a call into those that were moved and those that were not, each in input order.
--
-- Its callers have switched sorting off for their own statements; this one has to sort.
create or replace function
kanthorq_schema._kanthorq_partition_ids(
  event_ids text[],
  moved text[],
  out updated text[],
  out noop text[]
)
returns record
language plpgsql
immutable
security definer
set search_path to pg_catalog, pg_temp
set enable_sort = 'on'
as $function$
begin
  -- As many as were asked for: each id was there once, and moved. The slice counts from 1, whatever the argument did.
  if cardinality(moved) = cardinality(event_ids) then
    updated := event_ids[:];
    noop := '{}';
    return;
  end if;

  select
    coalesce(array_agg(i.event_id) filter (where i.moved), '{}'),
    coalesce(array_agg(i.event_id) filter (where not i.moved), '{}')
  into updated, noop
  from (
    select u.event_id, u.event_id in (select m from unnest(moved) m) as moved
    from unnest(event_ids) with ordinality u (event_id, position)
    group by u.event_id
    order by min(u.position)
  ) i;
end
$function$;

comment on function kanthorq_schema._kanthorq_partition_ids is 'Internal. The distinct ids of a call, divided into moved and not moved, in input order.';

revoke all on function kanthorq_schema._kanthorq_partition_ids from public;

-- function: _kanthorq_shown
-- A value for a message: quoted, and only its beginning if it is long.
create or replace function kanthorq_schema._kanthorq_shown(value text)
returns text
language sql
immutable
security definer
set search_path to pg_catalog, pg_temp
as $function$
select case
  when value is null then 'null'
  when length(value) > 100 then quote_literal(left(value, 100)) || '…'
  else quote_literal(value)
end
$function$;

comment on function kanthorq_schema._kanthorq_shown is 'Internal. A value, quoted and cut short for a message.';

revoke all on function kanthorq_schema._kanthorq_shown from public;

-- function: _kanthorq_stream
-- Finds a stream by its name: its registry row, and the table that holds its events.
--
-- Raises KQ001 when the registry has no such stream, KQ002 when it has but the table is gone, KQ003 for null.
create or replace function
kanthorq_schema._kanthorq_stream(
  stream text,
  out registry kanthorq_schema.kanthorq_stream_registry,
  out event_table regclass
)
returns record
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
begin
  if stream is null then
    raise exception 'stream is null' using errcode = 'KQ003', hint = 'Pass the name of a stream.';
  end if;
  select r.* into registry from kanthorq_schema.kanthorq_stream_registry r where r.name = stream;
  if not found then
    raise exception 'there is no stream %', kanthorq_schema._kanthorq_shown(stream)
      using errcode = 'KQ001',
        hint = 'Names are case-sensitive. To list them: select name from kanthorq_schema.kanthorq_stream_registry';
  end if;
  event_table := kanthorq_schema._kanthorq_table(registry.id::text, 'id', 'stream ' || kanthorq_schema._kanthorq_shown(stream));
end
$function$;

comment on function kanthorq_schema._kanthorq_stream is 'Internal. The registry row and the event table of a stream; KQ001 or KQ002 if either is missing.';

revoke all on function kanthorq_schema._kanthorq_stream from public;

-- function: _kanthorq_table
select set_config('kanthorq.grantees', coalesce((
  select string_agg(a.grantee::regrole::text, ', ')
  from pg_proc p, aclexplode(p.proacl) a
  where p.oid = 'kanthorq_schema._kanthorq_table'::regproc and a.grantee not in (0, p.proowner)
), ''), true);
drop function kanthorq_schema._kanthorq_table;
-- its new declaration:
-- The table behind a stream id or a consumer id, like _kanthorq_find_table, but raises KQ002 when there is none.
--
-- owner says whose table it is, for the message. The result prints qualified and quoted, ready for format('%s').
create or replace function kanthorq_schema._kanthorq_table(id text, key text, owner text)
returns regclass
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_table regclass := kanthorq_schema._kanthorq_find_table(id, key);
begin
  if v_table is null then
    raise exception 'the table % of % is gone', format('kanthorq_schema.%I', 'kanthorq_' || id), owner
      using errcode = 'KQ002',
        hint = 'Restore the table from a backup. Registering the name again would make an empty one.';
  end if;
  return v_table;
end
$function$;

comment on function kanthorq_schema._kanthorq_table is 'Internal. The table behind a stream id or a consumer id; KQ002 if it is gone.';

revoke all on function kanthorq_schema._kanthorq_table from public;
-- its grants again:
do $grants$
begin
  if current_setting('kanthorq.grantees') <> '' then
    execute 'grant execute on function kanthorq_schema._kanthorq_table to ' || current_setting('kanthorq.grantees');
  end if;
end
$grants$;

-- function: _kanthorq_task_action
-- What cancel, resume and discard are: the one place where a transition is defined.
--
-- from_states and condition say which tasks it takes, to_state and assignments what it writes. The two texts are SQL about
-- the task t; they may use $1, now in epoch milliseconds, and $2, the consumer's attempt_max; assignments also $6, when the
-- task is due in epoch milliseconds. attempts is what becomes of attempt_count, null if it and schedule_at are left alone.
--
-- - Cancel writes what KanthorQ's own Cancel writes. A running task is not taken, for a worker may hold it.
-- - Resume makes tasks running, not available: of KanthorQ's pullers one takes running tasks whose schedule_at has passed
--   and one takes retryable tasks; nothing ever takes an available or a pending one. Both want
--   attempt_count <= attempt_max, so attempt_count comes down to attempt_max where it is above: one attempt is left,
--   however often a task is resumed.
-- - Discard takes running tasks that are overdue and have spent their attempts: those that no puller will ever take.
create or replace function
kanthorq_schema._kanthorq_task_action(
  action text,
  reset_attempts boolean,
  out from_states smallint[],
  out condition text,
  out to_state smallint,
  out assignments text,
  out attempts text
)
returns record
language plpgsql
immutable
security definer
set search_path to pg_catalog, pg_temp
as $function$
begin
  condition := 'true';
  case action
    when 'cancel' then
      from_states := array[
        kanthorq_schema._kanthorq_task_state('pending'),
        kanthorq_schema._kanthorq_task_state('available'),
        kanthorq_schema._kanthorq_task_state('retryable')
      ];
      to_state := kanthorq_schema._kanthorq_task_state('cancelled');
      assignments := 'finalized_at = $1';
    when 'resume' then
      from_states := array[
        kanthorq_schema._kanthorq_task_state('discarded'),
        kanthorq_schema._kanthorq_task_state('cancelled')
      ];
      to_state := kanthorq_schema._kanthorq_task_state('running');
      attempts := case when reset_attempts then '0::smallint' else 'least(t.attempt_count, $2)' end;
      assignments := 'finalized_at = 0, schedule_at = $6, attempt_count = ' || attempts;
    when 'discard' then
      from_states := array[kanthorq_schema._kanthorq_task_state('running')];
      condition := 't.schedule_at < $1 and t.attempt_count > $2';
      to_state := kanthorq_schema._kanthorq_task_state('discarded');
      assignments := 'finalized_at = $1';
    else
      raise exception '% is not an action', kanthorq_schema._kanthorq_shown(action)
        using errcode = 'KQ003', hint = 'The actions are cancel, resume and discard.';
  end case;
end
$function$;

comment on function kanthorq_schema._kanthorq_task_action is 'Internal. Which tasks cancel, resume or discard takes, and what it writes; KQ003 for another word.';

revoke all on function kanthorq_schema._kanthorq_task_action from public;

-- function: _kanthorq_task_columns
-- The SELECT list that makes a kanthorq_task out of a row t of a consumer's table.
--
-- It wants $1, now in epoch milliseconds, and $2, the consumer's attempt_max. KanthorQ writes 0 where a time is not known
-- yet; here that is null.
create or replace function kanthorq_schema._kanthorq_task_columns()
returns text
language sql
immutable
security definer
set search_path to pg_catalog, pg_temp
as $function$
select format(
  't.event_id::text, t.subject::text, case t.state %s end, t.state = any (%L) and %s, %s, %s, t.attempt_count::integer,'
  ' $2::integer, %s, t.attempted_error[array_upper(t.attempted_error, 1)] ->> ''error'', t.metadata, %s, %s',
  (select string_agg(format('when %s then %L', s.code, s.name), ' ') from kanthorq_schema._kanthorq_task_states() s),
  d.from_states,
  d.condition,
  kanthorq_schema._kanthorq_as_time('nullif(t.schedule_at, 0)'),
  kanthorq_schema._kanthorq_as_time('nullif(t.finalized_at, 0)'),
  kanthorq_schema._kanthorq_as_time('nullif(t.attempted_at, 0)'),
  kanthorq_schema._kanthorq_as_time('t.created_at'),
  kanthorq_schema._kanthorq_as_time('t.updated_at')
)
from kanthorq_schema._kanthorq_task_action('discard', false) d
$function$;

comment on function kanthorq_schema._kanthorq_task_columns is 'Internal. The SELECT list that makes a kanthorq_task.';

revoke all on function kanthorq_schema._kanthorq_task_columns from public;

-- function: _kanthorq_task_transition
-- Moves the given tasks of one consumer as an action says, and logs it: what cancel, resume and discard have in common.
--
-- Locking. Two calls with overlapping ids must never deadlock, so rows have to be locked in the order of their ids. Rows are
-- therefore locked first, and what they were is read for the log; then they are updated where they lie, by their ctid, which
-- cannot change any more.
--
-- From PostgreSQL 18 on there is a cheaper way, for RETURNING tells what a row was: to update at once, if the plan visits the
-- rows in the order of their ids. The planner decides that anew each time, and where it believes a table to be all but empty
-- it may take another index; so it is asked, unless there is only one row to lock.
--
-- A partitioned table has a key for each partition, and so no plan that goes by the ids of all; and a ctid says too little
-- there, so that the ids are looked up again.
--
-- So that the table's key is the way to the ids: seqscan, bitmapscan and sort are off; the state is compared as integer,
-- which no index on the state column can serve; and the array is hidden in a sub-select, whose 50,000 ids the planner need
-- not look at one by one. A plan that has to do what is off looks so dear that it would be compiled, so jit is off too.
--
-- The state is tested on the row that is locked: PostgreSQL tests it again when it had to wait for another session, so of
-- two racing calls exactly one reports a task as updated.
--
-- updated_at always grows, also when two calls move a task in the same millisecond or an application's clock is ahead: undo
-- tells by it which of them was the last.
--
-- due is when resumed tasks run. With a spread_step (milliseconds, fractions count; 0 is none) the n-th of event_ids, counted from
-- spread_from, runs at due + n × spread_step; event_ids must then be sorted.
create or replace function
kanthorq_schema._kanthorq_task_transition(
  action text,
  consumer text,
  event_ids text[],
  reason text,
  due timestamp with time zone,
  reset_attempts boolean,
  spread_step double precision,
  spread_from bigint,
  out updated text[],
  out noop text[]
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
  v_action record;
  v_consumer record;
  v_now bigint := floor(extract(epoch from clock_timestamp()) * 1000)::bigint;
  v_due bigint := coalesce(floor(extract(epoch from due) * 1000)::bigint, v_now);
  v_update text;
  v_where text;
  v_log text;
  v_sql text;
  v_plan jsonb;
  v_partitioned boolean;
  v_at_once boolean := false;
  v_newest bigint;
  v_count bigint;
  v_ctids tid[];
  v_done kanthorq_schema.kanthorq_task_operation;
begin
  perform kanthorq_schema._kanthorq_check_event_ids(event_ids);
  v_consumer := kanthorq_schema._kanthorq_consumer(consumer);
  v_action := kanthorq_schema._kanthorq_task_action(action, reset_attempts);
  v_partitioned := (select c.relkind = 'p' from pg_class c where c.oid = v_consumer.task_table);

  v_update := format(
    'update %s as t set state = $5, updated_at = greatest($1, least(t.updated_at, 9223372036854775806) + 1), %s',
    v_consumer.task_table, v_action.assignments
  );
  if spread_step > 0 then
    v_update := replace(v_update, '$6', 'least($6 + $7 * ($8 + width_bucket(t.event_id::text, $3) - 1), 8640000000000000)');
  end if;
  v_where := 't.event_id = any ((select $3)::text[]) and t.state::integer = any ($4) and ' || v_action.condition;
  v_log := 'coalesce(array_agg(t.event_id::text), ''{}''), array_agg(t.state), array_agg(t.updated_at), max(t.updated_at)'
    || coalesce(
      ', array_agg(t.schedule_at), array_agg(t.finalized_at), array_agg(t.attempt_count), array_agg('
        || v_action.attempts || ')',
      ', null, null, null, null'
    );

  if current_setting('server_version_num')::integer >= 180000 and not v_partitioned then
    v_sql := format(
      'with moved as (%s where %s returning t.event_id, old.state, old.updated_at, old.schedule_at, old.finalized_at,'
      ' old.attempt_count) select %s, null from moved t',
      v_update, v_where, v_log
    );
    if cardinality(event_ids) > 1 then
      execute 'explain (format json, costs off) ' || v_sql
      into v_plan
      using v_now, (v_consumer.registry).attempt_max, event_ids, v_action.from_states::integer[], v_action.to_state,
        v_due, spread_step, spread_from;
    end if;
    v_at_once := v_plan is null or kanthorq_schema._kanthorq_goes_by_event_id(v_plan);
  end if;
  if not v_at_once then
    v_sql := format(
      'with locked as materialized (select t.event_id, t.state, t.updated_at, t.schedule_at, t.finalized_at,'
      ' t.attempt_count, t.ctid from %s as t where %s order by t.event_id for no key update)'
      ' select %s, array_agg(t.ctid) from locked t',
      v_consumer.task_table, v_where, v_log
    );
  end if;

  execute v_sql
  into v_done.event_ids, v_done.from_state, v_done.from_updated_at, v_newest, v_done.from_schedule_at,
    v_done.from_finalized_at, v_done.from_attempt_count, v_done.to_attempt_count, v_ctids
  using v_now, (v_consumer.registry).attempt_max, event_ids, v_action.from_states::integer[], v_action.to_state,
    v_due, spread_step, spread_from;

  if cardinality(v_done.event_ids) > 0 then
    if not v_at_once then
      execute v_update || ' where t.state::integer = any ($4) and '
        || case when v_partitioned then 't.event_id = any ((select $9)::text[])' else 't.ctid = any ($10)' end
      using v_now, (v_consumer.registry).attempt_max, event_ids, v_action.from_states::integer[], v_action.to_state,
        v_due, spread_step, spread_from, v_done.event_ids, v_ctids;
      get diagnostics v_count = row_count;
      if v_count < cardinality(v_done.event_ids) then
        -- A trigger may keep a row from being updated. It is in the old state still.
        execute format(
          'select coalesce(array_agg(e.a), ''{}''), array_agg(e.b), array_agg(e.c), max(e.c), array_agg(e.d), array_agg(e.e),'
          ' array_agg(e.f), array_agg(e.g) from unnest($1, $2, $3, $4, $5, $6, $7) e (a, b, c, d, e, f, g)'
          ' join %s t on t.event_id = e.a where t.state = $8',
          v_consumer.task_table
        )
        into v_done.event_ids, v_done.from_state, v_done.from_updated_at, v_newest, v_done.from_schedule_at,
          v_done.from_finalized_at, v_done.from_attempt_count, v_done.to_attempt_count
        using v_done.event_ids, v_done.from_state, v_done.from_updated_at, v_done.from_schedule_at,
          v_done.from_finalized_at, v_done.from_attempt_count, v_done.to_attempt_count, v_action.to_state;
      end if;
    end if;
  end if;

  if cardinality(v_done.event_ids) > 0 then
    if v_newest >= v_now then
      v_done.to_updated_at := array(
        select greatest(v_now, least(f.updated_at, 9223372036854775806) + 1)
        from unnest(v_done.from_updated_at) with ordinality f (updated_at, n) order by f.n
      );
    end if;
    v_done.at := to_timestamp(v_now / 1000.0);
    v_done.action := action;
    v_done.consumer := consumer;
    v_done.reason := reason;
    perform kanthorq_schema._kanthorq_task_log(v_done);
  end if;

  select p.updated, p.noop into updated, noop
  from kanthorq_schema._kanthorq_partition_ids(event_ids, v_done.event_ids) p;
end
$function$;

comment on function kanthorq_schema._kanthorq_task_transition is 'Internal. Does what an action says to the given tasks, logs it, and says which ids were moved.';

revoke all on function kanthorq_schema._kanthorq_task_transition from public;

-- function: kanthorq_task_all
-- The loop of kanthorq_task_cancel_all, _resume_all and _discard_all: batch after batch, each committed.
--
-- A procedure that commits can be neither SECURITY DEFINER nor carry a SET clause, so this one runs as its caller, under
-- the caller's search_path: everything in it is qualified, and all the work is done by the definer function that does one
-- batch. Stopping it half-way loses nothing; calling it again goes on.
create or replace procedure
kanthorq_schema.kanthorq_task_all(
  action text,
  consumer text,
  states text[],
  subject text,
  metadata jsonb,
  error text,
  created_after timestamp with time zone,
  created_before timestamp with time zone,
  everything boolean,
  batch_size int,
  max_tasks bigint,
  pause interval,
  reason text,
  schedule_at timestamp with time zone,
  reset_attempts boolean,
  spread interval,
  inout updated bigint default null
)
language plpgsql
as $procedure$
declare
  v_batch pg_catalog.record;
  v_progress pg_catalog.jsonb;
begin
  -- A COMMIT always fails in this block, but with a text of its own where the caller is in a transaction. Better now than
  -- after the first batch. In a translated server the text is another, and PostgreSQL's own error comes at that COMMIT.
  begin
    commit;
  exception when invalid_transaction_termination then
    if sqlerrm operator(pg_catalog.=) 'invalid transaction termination' then
      raise exception 'kanthorq_task_%_all commits each batch, so it can''t be part of a transaction', action
        using errcode = 'active_sql_transaction',
          hint = 'Call it outside BEGIN and outside a function; or call kanthorq_task_batch, which does one batch in your transaction.';
    end if;
  end;

  if pause operator(pg_catalog.<) interval '0' or pause operator(pg_catalog.>) interval '1 day' then
    raise exception 'pause is %', pause using errcode = 'KQ003', hint = 'Pass an interval of at most a day, or null.';
  end if;

  updated := 0;
  loop
    select b.progress, b.updated, b.total into v_batch
    from kanthorq_schema.kanthorq_task_batch(
      action, consumer, states, subject, metadata, error, created_after, created_before, everything, batch_size,
      max_tasks, reason, schedule_at, reset_attempts, spread, v_progress
    ) b;
    commit;
    v_progress := v_batch.progress;
    if v_batch.updated operator(pg_catalog.>) 0 then
      updated := v_batch.total;
      raise notice '% %: % tasks so far', action, consumer, updated;
      if v_progress is not null and pause is not null then
        perform pg_catalog.pg_sleep_for(pause);
      end if;
    end if;
    exit when v_progress is null;
  end loop;
end
$procedure$;

comment on procedure kanthorq_schema.kanthorq_task_all is 'What kanthorq_task_cancel_all, kanthorq_task_resume_all and kanthorq_task_discard_all call; call those.

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
pause           how long to wait between batches
reason          why, for the log
schedule_at     when resumed tasks are due; null is now
reset_attempts  true gives resumed tasks all their attempts back; otherwise at least one is left
spread          spreads resumed tasks evenly over this time, from schedule_at on
updated         the number of tasks';

revoke all on procedure kanthorq_schema.kanthorq_task_all from public;

-- function: kanthorq_task_cancel_all
-- Cancels all pending, available and retryable tasks that a filter matches, batch by batch.
--
-- Commits each batch and says how many there were so far. Whatever stops it, whole batches are done and logged, and
-- calling it again goes on. Tasks that a worker or another session holds are skipped. See kanthorq_task_batch.
create or replace procedure
kanthorq_schema.kanthorq_task_cancel_all(
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
  pause interval default null,
  reason text default null,
  inout updated bigint default null
)
language plpgsql
as $procedure$
begin
  call kanthorq_schema.kanthorq_task_all(
    'cancel', consumer, states, subject, metadata, error, created_after, created_before, everything, batch_size,
    max_tasks, pause, reason, null::pg_catalog.timestamptz, false, null::pg_catalog.interval, updated
  );
end
$procedure$;

comment on procedure kanthorq_schema.kanthorq_task_cancel_all is 'Cancels all tasks that a filter matches and that are pending, available or retryable, batch by batch.

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
pause           how long to wait between batches
reason          why, for the log

Returns the number of tasks as updated. It commits, so it can''t be called in a transaction. Raises KQ001 if there is no such consumer,
KQ002 if its table is gone, KQ003 for a bad argument or an empty filter.';

revoke all on procedure kanthorq_schema.kanthorq_task_cancel_all from public;

-- function: kanthorq_task_convert
-- Makes tasks of a consumer out of events of its stream.
--
-- Does what KanthorQ's TaskConvert does: each task takes its subject and metadata from the event and is due after the
-- consumer's visibility timeout; which events a consumer wants is decided by the caller, not here. Events that are not
-- in the stream, and those that the consumer has a task for already, are passed over.
-- Rows are inserted in event-id order, so that two calls with overlapping ids wait for each other but never deadlock.
create or replace function
kanthorq_schema.kanthorq_task_convert(
  consumer text,
  event_ids text[],
  initial_state text default 'available'
)
returns setof kanthorq_schema.kanthorq_task
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_state smallint := kanthorq_schema._kanthorq_task_state(initial_state);
  v_consumer record;
  v_now bigint := floor(extract(epoch from clock_timestamp()) * 1000)::bigint;
begin
  perform kanthorq_schema._kanthorq_check_event_ids(event_ids);
  v_consumer := kanthorq_schema._kanthorq_consumer(consumer);

  return query execute format(
    'with made as ('
    ' insert into %s as t (event_id, subject, state, schedule_at, metadata)'
    ' select e.id, e.subject, $4, $1 + $5, e.metadata'
    ' from %s e where e.id = any ($3) order by e.id'
    ' on conflict (event_id) do nothing'
    ' returning t.*'
    ')'
    ' select %s from made t'
    ' join (select id, min(n) as n from unnest($3) with ordinality i (id, n) group by id) i on i.id = t.event_id'
    ' order by i.n',
    v_consumer.task_table,
    kanthorq_schema._kanthorq_table(
      (v_consumer.registry).stream_id::text, 'id', 'stream ' || kanthorq_schema._kanthorq_shown((v_consumer.registry).stream_name::text)
    ),
    kanthorq_schema._kanthorq_task_columns()
  )
  using v_now, (v_consumer.registry).attempt_max, event_ids, v_state, (v_consumer.registry).visibility_timeout;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_convert is 'Makes tasks of a consumer out of events of its stream.

consumer       name of the consumer
event_ids      ids of the events; any number, duplicates count once
initial_state  state of the new tasks: pending, available, running or any other

Returns the tasks that are new, as rows of type kanthorq_task in the order of event_ids. Events that are unknown or that the
consumer has a task for are passed over. Raises KQ001 if there is no such consumer, KQ002 if a table is gone, KQ003 for a bad
argument.';

revoke all on function kanthorq_schema.kanthorq_task_convert from public;

-- function: kanthorq_task_discard_all
-- Discards all stuck tasks that a filter matches, batch by batch.
--
-- Commits each batch and says how many there were so far. Whatever stops it, whole batches are done and logged, and
-- calling it again goes on. Tasks that a worker or another session holds are skipped. See kanthorq_task_batch.
create or replace procedure
kanthorq_schema.kanthorq_task_discard_all(
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
  pause interval default null,
  reason text default null,
  inout updated bigint default null
)
language plpgsql
as $procedure$
begin
  call kanthorq_schema.kanthorq_task_all(
    'discard', consumer, states, subject, metadata, error, created_after, created_before, everything, batch_size,
    max_tasks, pause, reason, null::pg_catalog.timestamptz, false, null::pg_catalog.interval, updated
  );
end
$procedure$;

comment on procedure kanthorq_schema.kanthorq_task_discard_all is 'Discards all tasks that a filter matches and that are stuck: running, overdue, and with their attempts spent; batch by batch.

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
pause           how long to wait between batches
reason          why, for the log

Returns the number of tasks as updated. It commits, so it can''t be called in a transaction. Raises KQ001 if there is no such consumer,
KQ002 if its table is gone, KQ003 for a bad argument or an empty filter.';

revoke all on procedure kanthorq_schema.kanthorq_task_discard_all from public;

-- function: kanthorq_task_explain
-- Says of each task what cancel, resume and discard would do to it, why, and when it will next run.
--
-- Whether an action takes a task is decided by the very condition that the action uses.
create or replace function kanthorq_schema.kanthorq_task_explain(consumer text, event_ids text[])
returns table (
  event_id text,
  state text,
  can_cancel boolean,
  can_resume boolean,
  can_discard boolean,
  why text,
  next_run_at timestamp with time zone
)
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_consumer record;
  v_cancel record := kanthorq_schema._kanthorq_task_action('cancel', false);
  v_resume record := kanthorq_schema._kanthorq_task_action('resume', false);
  v_discard record := kanthorq_schema._kanthorq_task_action('discard', false);
  v_now bigint := floor(extract(epoch from clock_timestamp()) * 1000)::bigint;
begin
  perform kanthorq_schema._kanthorq_check_event_ids(event_ids);
  v_consumer := kanthorq_schema._kanthorq_consumer(consumer);

  return query execute format(
    'select i.event_id, coalesce(s.name, t.state::text),'
    ' coalesce(t.state = any ($4) and %2$s, false),'
    ' coalesce(t.state = any ($5) and %3$s, false),'
    ' coalesce(t.state = any ($6) and %4$s, false),'
    ' kanthorq_schema._kanthorq_task_why(coalesce(s.name, t.state::text), %5$s, %6$s, t.attempt_count, $2,'
    '   t.attempted_error[array_upper(t.attempted_error, 1)] ->> ''error'', %7$s),'
    ' case when s.name in (''running'', ''retryable'') and t.attempt_count <= $2'
    '   then %8$s end'
    ' from (select u.event_id, min(u.n) as n from unnest($3) with ordinality u (event_id, n) group by u.event_id) i'
    ' left join %1$s t on t.event_id = i.event_id'
    ' left join kanthorq_schema._kanthorq_task_states() s on s.code = t.state'
    ' order by i.n',
    v_consumer.task_table,
    v_cancel.condition,
    v_resume.condition,
    v_discard.condition,
    kanthorq_schema._kanthorq_as_time('t.schedule_at'),
    kanthorq_schema._kanthorq_as_time('nullif(t.finalized_at, 0)'),
    kanthorq_schema._kanthorq_as_time('$1'),
    kanthorq_schema._kanthorq_as_time('greatest(t.schedule_at, $1)')
  )
  using v_now, (v_consumer.registry).attempt_max, event_ids,
    v_cancel.from_states, v_resume.from_states, v_discard.from_states;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_explain is 'Says what cancel, resume and discard would do to each task, and why, without doing it.

consumer     name of the consumer
event_ids    ids of the tasks'' events; any number, duplicates count once

Returns a row for each distinct id, in the order of event_ids:
state        null if there is no such task; a number if KanthorQ has no such state
can_cancel   whether kanthorq_task_cancel would update it now; likewise can_resume and can_discard
why          a sentence about where it stands and what can be done
next_run_at  when a worker may take it, at the earliest; null if none ever will unless a person acts

Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a bad argument.';

revoke all on function kanthorq_schema.kanthorq_task_explain from public;

-- function: kanthorq_task_operations
-- Reads the log, newest first, a page at a time: pass the last id of a page as `before` to get the next one.
create or replace function
kanthorq_schema.kanthorq_task_operations(
  consumer text default null,
  event_id text default null,
  before bigint default null,
  max_operations int default 100
)
returns table (
  id bigint,
  at timestamp with time zone,
  action text,
  consumer_name text,
  reason text,
  actor text,
  application_name text,
  client_addr inet,
  transaction_id xid8,
  undoes bigint,
  tasks int,
  from_states jsonb,
  event_ids text[]
)
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
#variable_conflict use_column
begin
  if max_operations is null or max_operations < 1 then
    raise exception 'max_operations is %', coalesce(max_operations::text, 'null')
      using errcode = 'KQ003', hint = 'Pass how many operations a page may have, at least 1.';
  end if;
  return query
  select
    o.id, o.at, o.action, o.consumer, o.reason, o.actor, o.application_name, o.client_addr, o.transaction_id, o.undoes,
    cardinality(o.event_ids),
    (
      select jsonb_object_agg(s.name, n.tasks)
      from (select f.code, count(*) as tasks from unnest(o.from_state) f (code) group by f.code) n
      join kanthorq_schema._kanthorq_task_states() s on s.code = n.code
    ),
    o.event_ids
  from kanthorq_schema.kanthorq_task_operation o
  where (kanthorq_task_operations.consumer is null or o.consumer = kanthorq_task_operations.consumer)
    and (kanthorq_task_operations.event_id is null or o.event_ids @> array[kanthorq_task_operations.event_id])
    and (kanthorq_task_operations.before is null or o.id < kanthorq_task_operations.before)
  order by o.id desc
  limit max_operations;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_operations is 'Reads the log of all transitions, newest first.

consumer        only those of this consumer
event_id        only those that moved this task
before          the last id of the page before; null is the first page
max_operations  how many at most

Returns a row for each call, or batch, that moved tasks:
id              what kanthorq_task_undo takes
at              when; updated_at of its tasks is the same millisecond
action          cancel, resume, discard or undo
reason          what the caller gave as the reason
actor           the role that had logged in, with application_name and client_addr of its connection
transaction_id  the transaction that it was part of
undoes          the operation that it undid
tasks           how many it moved, and from_states, how many from each state
event_ids       which

Raises KQ003 for a bad argument.';

revoke all on function kanthorq_schema.kanthorq_task_operations from public;

-- function: kanthorq_task_resume_all
-- Resumes all discarded and cancelled tasks that a filter matches, batch by batch.
--
-- Commits each batch and says how many there were so far. Whatever stops it, whole batches are done and logged, and
-- calling it again goes on. Tasks that a worker or another session holds are skipped. See kanthorq_task_batch.
create or replace procedure
kanthorq_schema.kanthorq_task_resume_all(
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
  pause interval default null,
  reason text default null,
  schedule_at timestamp with time zone default null,
  reset_attempts boolean default false,
  spread interval default null,
  inout updated bigint default null
)
language plpgsql
as $procedure$
begin
  call kanthorq_schema.kanthorq_task_all(
    'resume', consumer, states, subject, metadata, error, created_after, created_before, everything, batch_size,
    max_tasks, pause, reason, schedule_at, reset_attempts, spread, updated
  );
end
$procedure$;

comment on procedure kanthorq_schema.kanthorq_task_resume_all is 'Resumes all tasks that a filter matches and that are discarded or cancelled, batch by batch.

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
pause           how long to wait between batches
reason          why, for the log
schedule_at     when they are due; null is now
reset_attempts  true gives them all their attempts back; otherwise at least one is left
spread          spreads them evenly over this time, from schedule_at on, so that they do not all come at once

Returns the number of tasks as updated. It commits, so it can''t be called in a transaction. Raises KQ001 if there is no such consumer,
KQ002 if its table is gone, KQ003 for a bad argument or an empty filter.';

revoke all on procedure kanthorq_schema.kanthorq_task_resume_all from public;

-- function: kanthorq_task_stats
-- How many tasks a consumer has in each state. Looks at all of its tasks.
--
-- Without a name, all consumers of the registry; one whose table is gone is left out, kanthorq_doctor() tells of it.
create or replace function kanthorq_schema.kanthorq_task_stats(consumer text default null)
returns table (
  consumer_name text,
  state text,
  tasks bigint,
  oldest timestamp with time zone,
  next_due timestamp with time zone,
  stuck bigint
)
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_name text;
  v_consumer record;
  v_action record := kanthorq_schema._kanthorq_task_action('discard', false);
  v_now bigint := floor(extract(epoch from clock_timestamp()) * 1000)::bigint;
begin
  if consumer is not null then
    perform kanthorq_schema._kanthorq_consumer(consumer);
  end if;
  for v_name in
    select r.name::text from kanthorq_schema.kanthorq_consumer_registry r
    where (consumer is null or r.name = consumer)
      and kanthorq_schema._kanthorq_find_table(r.id::text, 'event_id') is not null
    order by r.name
  loop
    v_consumer := kanthorq_schema._kanthorq_consumer(v_name);
    return query execute format(
      'select $3, s.name, c.tasks, %s, %s, c.stuck'
      ' from ('
      '   select t.state, count(*) as tasks, min(t.created_at) as oldest,'
      '     min(t.schedule_at) filter (where t.state = any ($4) and t.attempt_count <= $2) as due,'
      '     count(*) filter (where t.state = any ($5) and %s) as stuck'
      '   from %s t group by t.state'
      ' ) c'
      ' join kanthorq_schema._kanthorq_task_states() s on s.code = c.state'
      ' order by c.state',
      kanthorq_schema._kanthorq_as_time('c.oldest'),
      kanthorq_schema._kanthorq_as_time('c.due'),
      v_action.condition,
      v_consumer.task_table
    )
    using v_now, (v_consumer.registry).attempt_max, v_name,
      array[kanthorq_schema._kanthorq_task_state('running'), kanthorq_schema._kanthorq_task_state('retryable')],
      v_action.from_states;
  end loop;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_stats is 'How many tasks there are in each state, for one consumer or, with null, for all of them.

Returns a row for each consumer and state that has tasks:
oldest    when the oldest of them was made
next_due  when the first of them that a worker may take is due; in the past if one is waiting, null if there is none
stuck     how many are running, overdue and with their attempts spent: kanthorq_task_discard frees them

Raises KQ001 if there is no such consumer, KQ002 if its table is gone.';

revoke all on function kanthorq_schema.kanthorq_task_stats from public;
$sql$, 'kanthorq_schema', quote_ident(current_schema()));
end
$migration$;
