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
-- function: _kanthorq_function_levels
-- Who may call what: the level that each function of the API belongs to. An operator may call what a viewer may; what is
-- the owner's is granted to nobody.
--
-- The procedures that commit run as their caller, so whoever may call one needs what it calls: kanthorq_task_all and
-- kanthorq_task_batch.
create or replace function kanthorq_schema._kanthorq_function_levels(out name text, out level text)
returns setof record
language sql
immutable
security definer
set search_path to pg_catalog, pg_temp
as $function$
values
  ('kanthorq_doctor', 'viewer'),
  ('kanthorq_task_count', 'viewer'),
  ('kanthorq_task_explain', 'viewer'),
  ('kanthorq_task_find', 'viewer'),
  ('kanthorq_task_operations', 'viewer'),
  ('kanthorq_task_stats', 'viewer'),
  ('kanthorq_task_all', 'operator'),
  ('kanthorq_task_batch', 'operator'),
  ('kanthorq_task_cancel', 'operator'),
  ('kanthorq_task_cancel_all', 'operator'),
  ('kanthorq_task_discard', 'operator'),
  ('kanthorq_task_discard_all', 'operator'),
  ('kanthorq_task_resume', 'operator'),
  ('kanthorq_task_resume_all', 'operator'),
  ('kanthorq_task_undo', 'operator'),
  ('kanthorq_consumer_register', 'owner'),
  ('kanthorq_grant', 'owner'),
  ('kanthorq_revoke', 'owner'),
  ('kanthorq_stream_publish', 'owner'),
  ('kanthorq_stream_register', 'owner'),
  ('kanthorq_task_convert', 'owner'),
  ('kanthorq_task_operation_purge', 'owner')
$function$;

comment on function kanthorq_schema._kanthorq_function_levels is 'Internal. The level that may call each function of the API.';

revoke all on function kanthorq_schema._kanthorq_function_levels from public;

-- function: _kanthorq_id
-- A new id in KanthorQ's form: kind (event, stream or consumer), an underscore, a lower-case ULID.
--
-- A ULID is 48 bits of milliseconds and 80 that are random, in 26 digits. So that ids of one millisecond sort by the
-- time of their making, in all sessions alike, the first 10 of the 80 hold the microsecond; the other 70 come from
-- gen_random_uuid(). Where the clock is too coarse to tell two calls of a session apart, the setting
-- kanthorq.last_id_at (microseconds) remembers the last one, and the next takes the microsecond after it.
create or replace function kanthorq_schema._kanthorq_id(kind text)
returns text
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_at bigint := floor(extract(epoch from clock_timestamp()) * 1000000)::bigint;
  v_last text := current_setting('kanthorq.last_id_at', true);
  v_random text := replace(gen_random_uuid()::text, '-', '');
begin
  -- Anybody may set the setting, so it counts only if it is a number that is hardly ahead of the clock.
  if v_last ~ '^[0-9]{1,18}$' and v_last::bigint - v_at between 0 and 1000 then
    v_at := v_last::bigint + 1;
  end if;
  perform set_config('kanthorq.last_id_at', v_at::text, false);

  -- Digits 1 to 9 and 18 to 26 of a version 4 UUID are random; 13 and 17 hold its version and variant.
  return kind || '_'
    || kanthorq_schema._kanthorq_crockford(v_at / 1000, 10)
    || kanthorq_schema._kanthorq_crockford(v_at % 1000, 2)
    || kanthorq_schema._kanthorq_crockford(('x' || substr(v_random, 1, 9))::bit(36)::bigint, 7)
    || kanthorq_schema._kanthorq_crockford(('x' || substr(v_random, 18, 9))::bit(36)::bigint, 7);
end
$function$;

comment on function kanthorq_schema._kanthorq_id is 'Internal. A new id: a prefix and a ULID that sorts after all earlier ones.';

revoke all on function kanthorq_schema._kanthorq_id from public;

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

-- function: _kanthorq_set_level
-- Takes all functions of the API from a role, and gives it those of a level: what kanthorq_grant and kanthorq_revoke have in
-- common. A level of null gives none.
--
-- The owner is refused: the functions call each other as their owner, and would all fail if it lost the right to.
create or replace function kanthorq_schema._kanthorq_set_level(role text, level text)
returns void
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_role name;
  v_all text;
  v_granted text;
begin
  select r.rolname into v_role from pg_roles r where r.rolname = role;
  if not found then
    raise exception 'there is no role %', coalesce(quote_literal(left(role, 100)), 'null')
      using errcode = 'KQ003', hint = 'Name a role that exists; CREATE ROLE makes one. PUBLIC can''t be given anything here.';
  end if;
  if v_role = current_user then
    raise exception '% owns the functions', quote_literal(v_role)
      using errcode = 'KQ003', hint = 'The owner may call everything, always. Name another role.';
  end if;

  -- Of two GRANTs on the same function at once PostgreSQL refuses one, with an internal error.
  perform pg_advisory_xact_lock(hashtext('kanthorq_schema._kanthorq_set_level'));

  select string_agg(p.oid::regprocedure::text, ', '),
    string_agg(p.oid::regprocedure::text, ', ') filter (
      where l.level = 'viewer' or l.level = _kanthorq_set_level.level
    )
  into v_all, v_granted
  from kanthorq_schema._kanthorq_function_levels() l
  join pg_proc p on p.proname = l.name and p.pronamespace = 'kanthorq_schema'::regnamespace;

  execute format('revoke all on routine %s from %I', v_all, v_role);
  if level is not null then
    execute format('grant execute on routine %s to %I', v_granted, v_role);
    if not has_schema_privilege(v_role, 'kanthorq_schema'::regnamespace, 'usage') then
      execute format('grant usage on schema %s to %I', 'kanthorq_schema'::regnamespace, v_role);
    end if;
  end if;
end
$function$;

comment on function kanthorq_schema._kanthorq_set_level is 'Internal. Gives a role the functions of a level, and no others.';

revoke all on function kanthorq_schema._kanthorq_set_level from public;

-- function: _kanthorq_task_filter
-- The common filter as SQL: a condition about the task t, and the values that it wants as parameters.
--
-- The condition names only what is asked for, so that PostgreSQL plans for that. Its parameters are $3 codes, $4 subject,
-- $5 metadata, $6 error, $7 created_from and $8 created_to. empty is true if the filter lets everything through.
-- Raises KQ003 for an unknown state, an empty list of states, an empty text, metadata that is no object, or a time that is
-- infinite.
create or replace function
kanthorq_schema._kanthorq_task_filter(
  states text[],
  subject text,
  metadata jsonb,
  error text,
  created_after timestamp with time zone,
  created_before timestamp with time zone,
  out condition text,
  out codes smallint[],
  out subject_pattern text,
  out created_from bigint,
  out created_to bigint,
  out empty boolean
)
returns record
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
begin
  condition := 'true';
  if states is not null then
    if cardinality(states) = 0 or array_ndims(states) > 1 then
      raise exception 'states is not a list of at least one state'
        using errcode = 'KQ003', hint = 'Pass null for tasks in any state.';
    end if;
    codes := array(select kanthorq_schema._kanthorq_task_state(s) from unnest(states) s);
    condition := condition || ' and t.state = any ($3)';
  end if;
  if subject is not null then
    if subject = '' then
      raise exception 'subject is empty'
        using errcode = 'KQ003', hint = 'Pass null for any subject, or a filter such as order.>';
    end if;
    if subject ~ '[*>]' then
      subject_pattern := kanthorq_schema._kanthorq_subject_pattern(subject);
      condition := condition || ' and t.subject ~ $4';
    else
      subject_pattern := subject;
      condition := condition || ' and t.subject = $4';
    end if;
  end if;
  if metadata is not null then
    if jsonb_typeof(metadata) <> 'object' then
      raise exception 'metadata is not an object but %', jsonb_typeof(metadata)
        using errcode = 'KQ003', hint = 'Pass what the tasks'' metadata has to contain: {"customer": "42"}';
    end if;
    condition := condition || ' and t.metadata @> $5';
  end if;
  if error is not null then
    if error = '' then
      raise exception 'error is empty'
        using errcode = 'KQ003', hint = 'Pass null for any error, or a part of the last error''s text.';
    end if;
    condition := condition
      || ' and strpos(t.attempted_error[array_upper(t.attempted_error, 1)] ->> ''error'', $6) > 0';
  end if;
  if not isfinite(created_after) or not isfinite(created_before) then
    raise exception 'created_after or created_before is infinite'
      using errcode = 'KQ003', hint = 'Pass points in time, or null for no limit.';
  end if;
  if created_after is not null then
    created_from := ceil(extract(epoch from created_after) * 1000)::bigint;
    condition := condition || ' and t.created_at >= $7';
  end if;
  if created_before is not null then
    created_to := ceil(extract(epoch from created_before) * 1000)::bigint;
    condition := condition || ' and t.created_at < $8';
  end if;
  empty := condition = 'true' or condition = 'true and t.metadata @> $5' and metadata = '{}';
end
$function$;

comment on function kanthorq_schema._kanthorq_task_filter is 'Internal. The common filter as an SQL condition and its parameters; KQ003 for a bad filter.';

revoke all on function kanthorq_schema._kanthorq_task_filter from public;

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
-- due is when resumed tasks run. With a spread_step (milliseconds, fractions count) the n-th of event_ids, counted from
-- spread_from, runs at due + n × spread_step; event_ids must then be sorted.
create or replace function
kanthorq_schema._kanthorq_task_transition(
  action text,
  consumer text,
  event_ids text[],
  reason text,
  due timestamp with time zone default null,
  reset_attempts boolean default false,
  spread_step double precision default 0,
  spread_from bigint default 0,
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
  v_ctids tid[];
  v_done kanthorq_schema.kanthorq_task_operation;
begin
  perform kanthorq_schema._kanthorq_check_event_ids(event_ids);
  v_consumer := kanthorq_schema._kanthorq_consumer(consumer);
  v_action := kanthorq_schema._kanthorq_task_action(action, reset_attempts);
  v_partitioned := (select c.relkind = 'p' from pg_class c where c.oid = v_consumer.task_table);

  v_update := format('update %s as t set state = $5, updated_at = greatest($1, t.updated_at + 1), %s', v_consumer.task_table, v_action.assignments);
  if spread_step > 0 then
    v_update := replace(v_update, '$6', '$6 + $7 * ($8 + width_bucket(t.event_id::text, $3) - 1)');
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
    end if;
    if v_newest >= v_now then
      v_done.to_updated_at := array(
        select greatest(v_now, f.updated_at + 1) from unnest(v_done.from_updated_at) with ordinality f (updated_at, n) order by f.n
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

-- function: _kanthorq_task_why
-- Where a task stands, as a sentence for kanthorq_task_explain.
--
-- A state that has no name comes as its code. Times are epoch milliseconds and are shown in the session's time zone, to the second.
create or replace function
kanthorq_schema._kanthorq_task_why(
  state text,
  schedule_at bigint,
  finalized_at bigint,
  attempt_count smallint,
  attempt_max smallint,
  last_error text,
  now bigint
)
returns text
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_due text := date_trunc('second', to_timestamp(schedule_at / 1000.0))::text;
  v_done text := coalesce(' at ' || date_trunc('second', to_timestamp(nullif(finalized_at, 0) / 1000.0)), '');
  v_spent boolean := attempt_count > attempt_max;
  v_overdue boolean := schedule_at < now;
  v_attempts text := format('attempts spent (%s of %s)', attempt_count, attempt_max);
begin
  return case
    when state is null then 'not found: the consumer has no task of this event'
    when state ~ '[0-9]' then format('in state %s, which is none of KanthorQ''s: nothing here does anything with it', state)
    when state = 'pending' then 'pending: no worker takes it until a person acts; cancel it, then resume it'
    when state = 'available' then 'available, but no worker of KanthorQ takes available tasks; cancel it, then resume it'
    when state = 'completed' then format('completed%s: there is nothing left to do', v_done)
    when state = 'cancelled' then format('cancelled%s; resume it to have it worked again', v_done)
    when state = 'discarded' then format(
      'discarded%s after %s attempts%s; resume it to have it worked again', v_done, attempt_count, coalesce(': ' || last_error, '')
    )
    when state = 'retryable' and v_spent then format('retryable, %s: no worker will take it; cancel it, then resume it', v_attempts)
    when state = 'retryable' and v_overdue then 'retryable and due: the next free worker takes it'
    when state = 'retryable' then format('retryable, due at %s', v_due)
    when v_overdue and v_spent then format('running, overdue, %s: no worker will take it; discard it', v_attempts)
    when v_overdue then 'running and overdue: the next free worker picks it up again'
    when v_spent then format('running until %s, %s: no worker will take it after that; then discard it', v_due, v_attempts)
    else format('running until %s, then picked up again', v_due)
  end;
end
$function$;

comment on function kanthorq_schema._kanthorq_task_why is 'Internal. Where a task stands, as a sentence.';

revoke all on function kanthorq_schema._kanthorq_task_why from public;

-- function: kanthorq_grant
-- Gives a role the rights of a viewer or of an operator. It needs no others: the functions run as their owner.
--
-- The role has exactly the rights of that level afterwards, so that the same call raises a viewer, lowers an operator, and
-- brings either up to date after a migration that added functions.
create or replace function kanthorq_schema.kanthorq_grant(role text, level text)
returns void
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
as $function$
begin
  if level is null or level not in ('viewer', 'operator') then
    raise exception '% is not a level', coalesce(quote_literal(left(level, 100)), 'null')
      using errcode = 'KQ003', hint = 'The levels are viewer and operator. kanthorq_revoke takes the rights away.';
  end if;
  perform kanthorq_schema._kanthorq_set_level(role, level);
end
$function$;

comment on function kanthorq_schema.kanthorq_grant is 'Gives a role the rights of a level, and takes from it those that the level does not have.

role   name of a role that exists, as in pg_roles; a group role serves all its members
level  viewer: explain, find, count, stats, operations, doctor
       operator: that, and cancel, resume, discard, their _all procedures, kanthorq_task_batch, and undo

The role needs no rights on any table; it gets USAGE on the schema if it has not. Registering, publishing, converting, purging the
log and granting stay with the owner. Raises KQ003 if there is no such role or level, or if the role is the owner.';

revoke all on function kanthorq_schema.kanthorq_grant from public;

-- function: kanthorq_revoke
-- Takes from a role what kanthorq_grant gave it, and whatever else it was granted on the functions of the API.
--
-- USAGE on the schema stays: it opens nothing by itself, and the role may have it for other reasons.
create or replace function kanthorq_schema.kanthorq_revoke(role text)
returns void
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
as $function$
begin
  perform kanthorq_schema._kanthorq_set_level(role, null);
end
$function$;

comment on function kanthorq_schema.kanthorq_revoke is 'Takes from a role all rights on the functions.

role  name of a role that exists, as in pg_roles

A role that has none is left as it is, and what it has by way of another role or as a superuser stays. Raises KQ003 if there is
no such role, or if the role is the owner.';

revoke all on function kanthorq_schema.kanthorq_revoke from public;

-- function: kanthorq_task_batch
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
  v_walk integer;
  v_limit bigint;
  v_where text;
  v_ids text[];
  v_last_id text;
  v_last_schedule_at bigint;
begin
  if v_filter.empty and everything is not true then
    raise exception 'the filter is empty, so it would % all tasks of %', action, quote_literal(consumer)
      using errcode = 'KQ003', hint = 'Name states, a subject or the like; or pass everything => true if that is what you want.';
  end if;
  if batch_size is null or batch_size < 1 or max_tasks < 1 then
    raise exception 'batch_size is %, max_tasks is %', coalesce(batch_size::text, 'null'), coalesce(max_tasks::text, 'null')
      using errcode = 'KQ003', hint = 'Both have to be at least 1; a max_tasks of null is no limit.';
  end if;
  if not isfinite(schedule_at) or not isfinite(spread) or extract(epoch from spread) < 0 then
    raise exception 'schedule_at is %, spread is %', coalesce(schedule_at::text, 'null'), coalesce(spread::text, 'null')
      using errcode = 'KQ003', hint = 'Pass a point in time and a positive interval, or null for now and for all at once.';
  end if;
  v_states := array(
    select s from unnest(v_action.from_states) s where v_filter.codes is null or s = any (v_filter.codes) order by s
  );
  if cardinality(v_states) = 0 then
    raise exception '% does not take tasks in state %', action, array_to_string(states, ', ')
      using errcode = 'KQ003',
        hint = format('It takes %s.', (
          select string_agg(s.name, ', ') from kanthorq_schema._kanthorq_task_states() s
          where s.code = any (v_action.from_states)
        ));
  end if;

  if progress is not null and not coalesce(
    jsonb_path_match(
      progress, 'strict $.started >= 0 && $.done >= 0 && $.walk >= 0 && $.walk <= $states',
      jsonb_build_object('states', cardinality(v_states)), true
    ), false
  ) then
    raise exception 'progress is not one of this call: %', progress
      using errcode = 'KQ003', hint = 'Pass null to begin, then what the batch before returned, with the other arguments unchanged.';
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

  total := (progress ->> 'done')::bigint;
  v_walk := (progress ->> 'walk')::integer;
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
    v_filter.created_from, v_filter.created_to, (progress ->> 'started')::bigint,
    coalesce(progress ->> 'event_id', ''), coalesce((progress ->> 'schedule_at')::bigint, -9223372036854775808),
    v_limit;

  updated := 0;
  if cardinality(v_ids) > 0 then
    select cardinality(t.updated)::bigint into updated
    from kanthorq_schema._kanthorq_task_transition(
      action, consumer, v_ids, reason,
      due => coalesce(schedule_at, to_timestamp((progress ->> 'started')::bigint / 1000.0)),
      reset_attempts => reset_attempts,
      spread_step => coalesce((progress ->> 'step')::double precision, 0),
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
      (v_consumer.registry).stream_id, 'stream ' || quote_literal((v_consumer.registry).stream_name)
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
  v_cancel record := kanthorq_schema._kanthorq_task_action('cancel');
  v_resume record := kanthorq_schema._kanthorq_task_action('resume');
  v_discard record := kanthorq_schema._kanthorq_task_action('discard');
  v_now bigint := floor(extract(epoch from clock_timestamp()) * 1000)::bigint;
begin
  perform kanthorq_schema._kanthorq_check_event_ids(event_ids);
  v_consumer := kanthorq_schema._kanthorq_consumer(consumer);

  return query execute format(
    'select i.event_id, coalesce(s.name, t.state::text),'
    ' coalesce(t.state = any ($4) and %2$s, false),'
    ' coalesce(t.state = any ($5) and %3$s, false),'
    ' coalesce(t.state = any ($6) and %4$s, false),'
    ' kanthorq_schema._kanthorq_task_why(coalesce(s.name, t.state::text), t.schedule_at, t.finalized_at, t.attempt_count, $2,'
    '   t.attempted_error[array_upper(t.attempted_error, 1)] ->> ''error'', $1),'
    ' case when s.name in (''running'', ''retryable'') and t.attempt_count <= $2'
    '   then to_timestamp(greatest(t.schedule_at, $1) / 1000.0) end'
    ' from (select u.event_id, min(u.n) as n from unnest($3) with ordinality u (event_id, n) group by u.event_id) i'
    ' left join %1$s t on t.event_id = i.event_id'
    ' left join kanthorq_schema._kanthorq_task_states() s on s.code = t.state'
    ' order by i.n',
    v_consumer.task_table,
    v_cancel.condition,
    v_resume.condition,
    v_discard.condition
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

-- function: kanthorq_task_find
-- Finds the tasks of a consumer that a filter matches, a page at a time.
--
-- Pages follow each other by event id, which is the order in which the events were made: pass the last event_id of a page
-- as `after` to get the next one. A page costs as many rows as have to be looked at to fill it: PostgreSQL goes through
-- the table's key, or through an index on the state where it expects that to be less.
create or replace function
kanthorq_schema.kanthorq_task_find(
  consumer text,
  states text[] default null,
  subject text default null,
  metadata jsonb default null,
  error text default null,
  created_after timestamp with time zone default null,
  created_before timestamp with time zone default null,
  after text default null,
  max_tasks int default 100,
  oldest_first boolean default false
)
returns setof kanthorq_schema.kanthorq_task
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_consumer record := kanthorq_schema._kanthorq_consumer(consumer);
  v_filter record := kanthorq_schema._kanthorq_task_filter(
    states, subject, metadata, error, created_after, created_before
  );
  v_now bigint := floor(extract(epoch from clock_timestamp()) * 1000)::bigint;
  v_page text := case when after is null then 'true' when oldest_first then 't.event_id > $9' else 't.event_id < $9' end;
begin
  if max_tasks is null or max_tasks < 1 then
    raise exception 'max_tasks is %', coalesce(max_tasks::text, 'null')
      using errcode = 'KQ003', hint = 'Pass how many tasks a page may have, at least 1.';
  end if;
  return query execute format(
    'select %s from %s t where %s and %s order by t.event_id %s limit $10',
    kanthorq_schema._kanthorq_task_columns(),
    v_consumer.task_table,
    v_filter.condition,
    v_page,
    case when oldest_first then 'asc' else 'desc' end
  )
  using v_now, (v_consumer.registry).attempt_max, v_filter.codes, v_filter.subject_pattern, metadata, error,
    v_filter.created_from, v_filter.created_to, after, max_tasks;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_find is 'Finds the tasks of a consumer, newest event first, a page at a time.

consumer        name of the consumer
states          only tasks in one of these states: pending, available, running, completed, retryable, discarded, cancelled
subject         only tasks whose subject this filter matches: * is one token, > at the end is one or more
metadata        only tasks whose metadata contains this: {"customer": "42"}
error           only tasks whose last error contains this text, in this case
created_after   only tasks made at this time or later
created_before  only tasks made before this time
after           the last event_id of the page before; null is the first page
max_tasks       how many at most
oldest_first    true turns the order round

Returns rows of type kanthorq_task. Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a bad filter.';

revoke all on function kanthorq_schema.kanthorq_task_find from public;

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
  v_action record := kanthorq_schema._kanthorq_task_action('discard');
  v_now bigint := floor(extract(epoch from clock_timestamp()) * 1000)::bigint;
begin
  if consumer is not null then
    perform kanthorq_schema._kanthorq_consumer(consumer);
  end if;
  for v_name in
    select r.name::text from kanthorq_schema.kanthorq_consumer_registry r
    where (consumer is null or r.name = consumer)
      and to_regclass(format('kanthorq_schema.%I', 'kanthorq_' || r.id)) is not null
    order by r.name
  loop
    v_consumer := kanthorq_schema._kanthorq_consumer(v_name);
    return query execute format(
      'select $3, s.name, c.tasks, to_timestamp(c.oldest / 1000.0), to_timestamp(c.due / 1000.0), c.stuck'
      ' from ('
      '   select t.state, count(*) as tasks, min(t.created_at) as oldest,'
      '     min(t.schedule_at) filter (where t.state = any ($4) and t.attempt_count <= $2) as due,'
      '     count(*) filter (where t.state = any ($5) and %s) as stuck'
      '   from %s t group by t.state'
      ' ) c'
      ' join kanthorq_schema._kanthorq_task_states() s on s.code = c.state'
      ' order by c.state',
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

-- function: kanthorq_task_undo
-- Puts the tasks of an operation back to what they were before it, where nothing has touched them since.
--
-- A task is as the operation left it if it has the state, updated_at, finalized_at and attempt_count that the operation gave
-- it: every transition of ours sets updated_at, and whatever KanthorQ does to such a task changes its state, adds an
-- attempt, or finalizes it anew. All others are no-ops. updated_at goes back too, so that the operation before can be undone
-- next.
--
-- The tasks are locked in the order of their ids first, like those of any transition. The undo is an operation itself, and
-- can be undone.
create or replace function
kanthorq_schema.kanthorq_task_undo(
  operation_id bigint,
  reason text default null,
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
as $function$
declare
  v_operation kanthorq_schema.kanthorq_task_operation;
  v_consumer record;
  v_at bigint;
  v_to_state smallint;
  v_done kanthorq_schema.kanthorq_task_operation;
begin
  select o.* into v_operation from kanthorq_schema.kanthorq_task_operation o where o.id = operation_id;
  if not found then
    raise exception 'there is no operation %', coalesce(operation_id::text, 'null')
      using errcode = 'KQ004', hint = 'kanthorq_task_operations() lists them; an old one may have been purged.';
  end if;
  v_consumer := kanthorq_schema._kanthorq_consumer(v_operation.consumer);

  -- What the log leaves out follows from the action.
  v_at := (extract(epoch from v_operation.at) * 1000)::bigint;
  if v_operation.action <> 'undo' then
    v_to_state := (kanthorq_schema._kanthorq_task_action(v_operation.action)).to_state;
  end if;
  v_done.at := date_trunc('milliseconds', clock_timestamp());
  v_done.action := 'undo';
  v_done.consumer := v_operation.consumer;
  v_done.reason := reason;
  v_done.undoes := operation_id;

  execute format(
    'with entry as ('
    ' select * from unnest((select $2), (select $3), (select $4), (select $5), (select $6), (select $7), (select $8), (select $9), (select $10), (select $11))'
    '   as e (event_id, from_state, from_updated_at, from_schedule_at, from_finalized_at, from_attempt_count,'
    '     to_state, to_updated_at, to_finalized_at, to_attempt_count)'
    '), locked as materialized ('
    ' select e.event_id, t.state as is_state, t.updated_at as is_updated_at, t.schedule_at as is_schedule_at, t.finalized_at as is_finalized_at,'
    '   t.attempt_count as is_attempt_count, e.from_state, e.from_updated_at, e.from_schedule_at, e.from_finalized_at, e.from_attempt_count,'
    '   coalesce(e.to_state, $12) as to_state, coalesce(e.to_updated_at, $1) as to_updated_at,'
    '   coalesce(e.to_finalized_at, $13) as to_finalized_at, e.to_attempt_count'
    ' from entry e join %1$s t on t.event_id = e.event_id'
    ' order by t.event_id for no key update of t'
    '), moved as ('
    ' update %1$s as t set state = l.from_state, updated_at = l.from_updated_at, finalized_at = coalesce(l.from_finalized_at, 0),'
    '   schedule_at = coalesce(l.from_schedule_at, t.schedule_at),'
    '   attempt_count = coalesce(l.from_attempt_count, t.attempt_count)'
    ' from locked l'
    ' where t.event_id = l.event_id and t.state = l.to_state and t.updated_at = l.to_updated_at and t.finalized_at = l.to_finalized_at'
    '   and t.attempt_count = coalesce(l.to_attempt_count, t.attempt_count)'
    ' returning l.*, t.finalized_at as now_finalized_at, t.attempt_count as now_attempt_count'
    ')'
    ' select coalesce(array_agg(event_id), ''{}''), array_agg(is_state), array_agg(is_updated_at), array_agg(is_schedule_at),'
    '   array_agg(is_finalized_at), array_agg(is_attempt_count),'
    '   array_agg(from_state), array_agg(from_updated_at), array_agg(now_finalized_at),'
    '   array_agg(now_attempt_count) from moved',
    v_consumer.task_table
  )
  into v_done.event_ids, v_done.from_state, v_done.from_updated_at, v_done.from_schedule_at, v_done.from_finalized_at,
    v_done.from_attempt_count, v_done.to_state, v_done.to_updated_at, v_done.to_finalized_at, v_done.to_attempt_count
  using v_at, v_operation.event_ids, v_operation.from_state, v_operation.from_updated_at, v_operation.from_schedule_at,
    v_operation.from_finalized_at, v_operation.from_attempt_count, v_operation.to_state, v_operation.to_updated_at,
    v_operation.to_finalized_at, v_operation.to_attempt_count, v_to_state,
    case when v_operation.action = 'resume' then 0 else v_at end;

  if cardinality(v_done.event_ids) > 0 then
    perform kanthorq_schema._kanthorq_task_log(v_done);
  end if;

  select p.updated, p.noop into updated, noop
  from kanthorq_schema._kanthorq_partition_ids(v_operation.event_ids, v_done.event_ids) p;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_undo is 'Undoes an operation of the log: puts its tasks back to the state each came from, where nothing has moved them since.

operation_id  an id of kanthorq_task_operations
reason        why, for the log

Returns one row of two arrays that hold each task of the operation once:
updated       the tasks that are now as they were before the operation
noop          ids of tasks that something has touched since, or that do not exist any more

An undo is an operation itself, and can be undone. Raises KQ004 if there is no such operation, KQ001 or KQ002 if its consumer is
gone.';

revoke all on function kanthorq_schema.kanthorq_task_undo from public;
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
-- function: _kanthorq_function_levels
drop function kanthorq_schema._kanthorq_function_levels;

-- function: _kanthorq_id
-- A new id in KanthorQ's form: kind (event, stream or consumer), an underscore, a lower-case ULID.
--
-- A ULID is 48 bits of milliseconds and 80 that are random, in 26 digits. So that ids of one millisecond sort by the
-- time of their making, in all sessions alike, the first 10 of the 80 hold the microsecond; the other 70 come from
-- gen_random_uuid(). Where the clock is too coarse to tell two calls of a session apart, the setting
-- kanthorq.last_id_at (microseconds) remembers the last one, and the next takes the microsecond after it.
create or replace function kanthorq_schema._kanthorq_id(kind text)
returns text
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_at bigint := floor(extract(epoch from clock_timestamp()) * 1000000);
  v_last text := current_setting('kanthorq.last_id_at', true);
  v_random text := replace(gen_random_uuid()::text, '-', '');
begin
  -- Anybody may set the setting, so it counts only if it is a number that is hardly ahead of the clock.
  if v_last ~ '^[0-9]{1,18}$' and v_last::bigint - v_at between 0 and 1000 then
    v_at := v_last::bigint + 1;
  end if;
  perform set_config('kanthorq.last_id_at', v_at::text, false);

  -- Digits 1 to 9 and 18 to 26 of a version 4 UUID are random; 13 and 17 hold its version and variant.
  return kind || '_'
    || kanthorq_schema._kanthorq_crockford(v_at / 1000, 10)
    || kanthorq_schema._kanthorq_crockford(v_at % 1000, 2)
    || kanthorq_schema._kanthorq_crockford(('x' || substr(v_random, 1, 9))::bit(36)::bigint, 7)
    || kanthorq_schema._kanthorq_crockford(('x' || substr(v_random, 18, 9))::bit(36)::bigint, 7);
end
$function$;

comment on function kanthorq_schema._kanthorq_id is 'Internal. A new id: a prefix and a ULID that sorts after all earlier ones.';

revoke all on function kanthorq_schema._kanthorq_id from public;

-- function: _kanthorq_newest_migration
-- The name of the newest migration, which is the one that brought this function. For kanthorq_doctor.
create or replace function kanthorq_schema._kanthorq_newest_migration()
returns text
language sql
immutable
security definer
set search_path to pg_catalog, pg_temp
as $function$
select '0003_functions'
$function$;

comment on function kanthorq_schema._kanthorq_newest_migration is 'Internal. The name of the newest migration.';

revoke all on function kanthorq_schema._kanthorq_newest_migration from public;

-- function: _kanthorq_set_level
drop function kanthorq_schema._kanthorq_set_level;

-- function: _kanthorq_task_filter
-- The common filter as SQL: a condition about the task t, and the values that it wants as parameters.
--
-- The condition names only what is asked for, so that PostgreSQL plans for that. Its parameters are $3 codes, $4 subject,
-- $5 metadata, $6 error, $7 created_from and $8 created_to. empty is true if the filter lets everything through.
-- Raises KQ003 for an unknown state, an empty list of states, an empty text, metadata that is no object, or a time that is
-- infinite.
create or replace function
kanthorq_schema._kanthorq_task_filter(
  states text[],
  subject text,
  metadata jsonb,
  error text,
  created_after timestamp with time zone,
  created_before timestamp with time zone,
  out condition text,
  out codes smallint[],
  out subject_pattern text,
  out created_from bigint,
  out created_to bigint,
  out empty boolean
)
returns record
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
begin
  condition := 'true';
  if states is not null then
    if cardinality(states) = 0 or array_ndims(states) > 1 then
      raise exception 'states is not a list of at least one state'
        using errcode = 'KQ003', hint = 'Pass null for tasks in any state.';
    end if;
    codes := array(select kanthorq_schema._kanthorq_task_state(s) from unnest(states) s);
    condition := condition || ' and t.state = any ($3)';
  end if;
  if subject is not null then
    if subject = '' then
      raise exception 'subject is empty'
        using errcode = 'KQ003', hint = 'Pass null for any subject, or a filter such as order.>';
    end if;
    if subject ~ '[*>]' then
      subject_pattern := kanthorq_schema._kanthorq_subject_pattern(subject);
      condition := condition || ' and t.subject ~ $4';
    else
      subject_pattern := subject;
      condition := condition || ' and t.subject = $4';
    end if;
  end if;
  if metadata is not null then
    if jsonb_typeof(metadata) <> 'object' then
      raise exception 'metadata is not an object but %', jsonb_typeof(metadata)
        using errcode = 'KQ003', hint = 'Pass what the tasks'' metadata has to contain: {"customer": "42"}';
    end if;
    condition := condition || ' and t.metadata @> $5';
  end if;
  if error is not null then
    if error = '' then
      raise exception 'error is empty'
        using errcode = 'KQ003', hint = 'Pass null for any error, or a part of the last error''s text.';
    end if;
    condition := condition
      || ' and strpos(t.attempted_error[array_upper(t.attempted_error, 1)] ->> ''error'', $6) > 0';
  end if;
  if not isfinite(created_after) or not isfinite(created_before) then
    raise exception 'created_after or created_before is infinite'
      using errcode = 'KQ003', hint = 'Pass points in time, or null for no limit.';
  end if;
  if created_after is not null then
    created_from := ceil(extract(epoch from created_after) * 1000);
    condition := condition || ' and t.created_at >= $7';
  end if;
  if created_before is not null then
    created_to := ceil(extract(epoch from created_before) * 1000);
    condition := condition || ' and t.created_at < $8';
  end if;
  empty := condition = 'true' or condition = 'true and t.metadata @> $5' and metadata = '{}';
end
$function$;

comment on function kanthorq_schema._kanthorq_task_filter is 'Internal. The common filter as an SQL condition and its parameters; KQ003 for a bad filter.';

revoke all on function kanthorq_schema._kanthorq_task_filter from public;

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
-- due is when resumed tasks run. With a spread_step (milliseconds, fractions count) the n-th of event_ids, counted from
-- spread_from, runs at due + n × spread_step; event_ids must then be sorted.
create or replace function
kanthorq_schema._kanthorq_task_transition(
  action text,
  consumer text,
  event_ids text[],
  reason text,
  due timestamp with time zone default null,
  reset_attempts boolean default false,
  spread_step double precision default 0,
  spread_from bigint default 0,
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
  v_now bigint := floor(extract(epoch from clock_timestamp()) * 1000);
  v_due bigint := coalesce(floor(extract(epoch from due) * 1000), v_now);
  v_update text;
  v_where text;
  v_log text;
  v_sql text;
  v_plan jsonb;
  v_partitioned boolean;
  v_at_once boolean := false;
  v_ctids tid[];
  v_done kanthorq_schema.kanthorq_task_operation;
begin
  perform kanthorq_schema._kanthorq_check_event_ids(event_ids);
  v_consumer := kanthorq_schema._kanthorq_consumer(consumer);
  v_action := kanthorq_schema._kanthorq_task_action(action, reset_attempts);
  v_partitioned := (select c.relkind = 'p' from pg_class c where c.oid = v_consumer.task_table);

  v_update := format('update %s as t set state = $5, updated_at = $1, %s', v_consumer.task_table, v_action.assignments);
  if spread_step > 0 then
    v_update := replace(v_update, '$6', '$6 + $7 * ($8 + width_bucket(t.event_id::text, $3) - 1)');
  end if;
  v_where := 't.event_id = any ((select $3)::text[]) and t.state::integer = any ($4) and ' || v_action.condition;
  v_log := 'coalesce(array_agg(t.event_id::text), ''{}''), array_agg(t.state), array_agg(t.updated_at)'
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
  into v_done.event_ids, v_done.from_state, v_done.from_updated_at, v_done.from_schedule_at,
    v_done.from_finalized_at, v_done.from_attempt_count, v_done.to_attempt_count, v_ctids
  using v_now, (v_consumer.registry).attempt_max, event_ids, v_action.from_states::integer[], v_action.to_state,
    v_due, spread_step, spread_from;

  if cardinality(v_done.event_ids) > 0 then
    if not v_at_once then
      execute v_update || ' where t.state::integer = any ($4) and '
        || case when v_partitioned then 't.event_id = any ((select $9)::text[])' else 't.ctid = any ($10)' end
      using v_now, (v_consumer.registry).attempt_max, event_ids, v_action.from_states::integer[], v_action.to_state,
        v_due, spread_step, spread_from, v_done.event_ids, v_ctids;
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

-- function: _kanthorq_task_why
-- Where a task stands, as a sentence for kanthorq_task_explain.
--
-- Times are epoch milliseconds and are shown in the session's time zone, to the second.
create or replace function
kanthorq_schema._kanthorq_task_why(
  state text,
  schedule_at bigint,
  finalized_at bigint,
  attempt_count smallint,
  attempt_max smallint,
  last_error text,
  now bigint
)
returns text
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_due text := date_trunc('second', to_timestamp(schedule_at / 1000.0));
  v_done text := coalesce(' at ' || date_trunc('second', to_timestamp(nullif(finalized_at, 0) / 1000.0)), '');
  v_spent boolean := attempt_count > attempt_max;
  v_overdue boolean := schedule_at < now;
  v_attempts text := format('attempts spent (%s of %s)', attempt_count, attempt_max);
begin
  return case
    when state is null then 'not found: the consumer has no task of this event'
    when state = 'pending' then 'pending: no worker takes it until a person acts; cancel it, then resume it'
    when state = 'available' then 'available, but no worker of KanthorQ takes available tasks; cancel it, then resume it'
    when state = 'completed' then format('completed%s: there is nothing left to do', v_done)
    when state = 'cancelled' then format('cancelled%s; resume it to have it worked again', v_done)
    when state = 'discarded' then format(
      'discarded%s after %s attempts%s; resume it to have it worked again', v_done, attempt_count, coalesce(': ' || last_error, '')
    )
    when state = 'retryable' and v_spent then format('retryable, %s: no worker will take it; cancel it, then resume it', v_attempts)
    when state = 'retryable' and v_overdue then 'retryable and due: the next free worker takes it'
    when state = 'retryable' then format('retryable, due at %s', v_due)
    when v_overdue and v_spent then format('running, overdue, %s: no worker will take it; discard it', v_attempts)
    when v_overdue then 'running and overdue: the next free worker picks it up again'
    when v_spent then format('running until %s, %s: no worker will take it after that; then discard it', v_due, v_attempts)
    else format('running until %s, then picked up again', v_due)
  end;
end
$function$;

comment on function kanthorq_schema._kanthorq_task_why is 'Internal. Where a task stands, as a sentence.';

revoke all on function kanthorq_schema._kanthorq_task_why from public;

-- function: kanthorq_grant
drop function kanthorq_schema.kanthorq_grant;

-- function: kanthorq_revoke
drop function kanthorq_schema.kanthorq_revoke;

-- function: kanthorq_task_batch
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
  v_now bigint := floor(extract(epoch from clock_timestamp()) * 1000);
  v_states smallint[];
  v_walk integer;
  v_limit bigint;
  v_where text;
  v_ids text[];
  v_last_id text;
  v_last_schedule_at bigint;
begin
  if v_filter.empty and everything is not true then
    raise exception 'the filter is empty, so it would % all tasks of %', action, quote_literal(consumer)
      using errcode = 'KQ003', hint = 'Name states, a subject or the like; or pass everything => true if that is what you want.';
  end if;
  if batch_size is null or batch_size < 1 or max_tasks < 1 then
    raise exception 'batch_size is %, max_tasks is %', coalesce(batch_size::text, 'null'), coalesce(max_tasks::text, 'null')
      using errcode = 'KQ003', hint = 'Both have to be at least 1; a max_tasks of null is no limit.';
  end if;
  if not isfinite(schedule_at) or not isfinite(spread) or extract(epoch from spread) < 0 then
    raise exception 'schedule_at is %, spread is %', coalesce(schedule_at::text, 'null'), coalesce(spread::text, 'null')
      using errcode = 'KQ003', hint = 'Pass a point in time and a positive interval, or null for now and for all at once.';
  end if;
  v_states := array(
    select s from unnest(v_action.from_states) s where v_filter.codes is null or s = any (v_filter.codes) order by s
  );
  if cardinality(v_states) = 0 then
    raise exception '% does not take tasks in state %', action, array_to_string(states, ', ')
      using errcode = 'KQ003',
        hint = format('It takes %s.', (
          select string_agg(s.name, ', ') from kanthorq_schema._kanthorq_task_states() s
          where s.code = any (v_action.from_states)
        ));
  end if;

  if progress is not null and not coalesce(
    jsonb_path_match(
      progress, 'strict $.started >= 0 && $.done >= 0 && $.walk >= 0 && $.walk <= $states',
      jsonb_build_object('states', cardinality(v_states)), true
    ), false
  ) then
    raise exception 'progress is not one of this call: %', progress
      using errcode = 'KQ003', hint = 'Pass null to begin, then what the batch before returned, with the other arguments unchanged.';
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

  total := (progress ->> 'done')::bigint;
  v_walk := (progress ->> 'walk')::integer;
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
    v_filter.created_from, v_filter.created_to, (progress ->> 'started')::bigint,
    coalesce(progress ->> 'event_id', ''), coalesce((progress ->> 'schedule_at')::bigint, -9223372036854775808),
    v_limit;

  updated := 0;
  if cardinality(v_ids) > 0 then
    select cardinality(t.updated) into updated
    from kanthorq_schema._kanthorq_task_transition(
      action, consumer, v_ids, reason,
      due => coalesce(schedule_at, to_timestamp((progress ->> 'started')::bigint / 1000.0)),
      reset_attempts => reset_attempts,
      spread_step => coalesce((progress ->> 'step')::double precision, 0),
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
  v_now bigint := floor(extract(epoch from clock_timestamp()) * 1000);
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
      (v_consumer.registry).stream_id, 'stream ' || quote_literal((v_consumer.registry).stream_name)
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
  v_cancel record := kanthorq_schema._kanthorq_task_action('cancel');
  v_resume record := kanthorq_schema._kanthorq_task_action('resume');
  v_discard record := kanthorq_schema._kanthorq_task_action('discard');
  v_now bigint := floor(extract(epoch from clock_timestamp()) * 1000);
begin
  perform kanthorq_schema._kanthorq_check_event_ids(event_ids);
  v_consumer := kanthorq_schema._kanthorq_consumer(consumer);

  return query execute format(
    'select i.event_id, s.name,'
    ' coalesce(t.state = any ($4) and %2$s, false),'
    ' coalesce(t.state = any ($5) and %3$s, false),'
    ' coalesce(t.state = any ($6) and %4$s, false),'
    ' kanthorq_schema._kanthorq_task_why(s.name, t.schedule_at, t.finalized_at, t.attempt_count, $2,'
    '   t.attempted_error[array_upper(t.attempted_error, 1)] ->> ''error'', $1),'
    ' case when s.name in (''running'', ''retryable'') and t.attempt_count <= $2'
    '   then to_timestamp(greatest(t.schedule_at, $1) / 1000.0) end'
    ' from (select u.event_id, min(u.n) as n from unnest($3) with ordinality u (event_id, n) group by u.event_id) i'
    ' left join %1$s t on t.event_id = i.event_id'
    ' left join kanthorq_schema._kanthorq_task_states() s on s.code = t.state'
    ' order by i.n',
    v_consumer.task_table,
    v_cancel.condition,
    v_resume.condition,
    v_discard.condition
  )
  using v_now, (v_consumer.registry).attempt_max, event_ids,
    v_cancel.from_states, v_resume.from_states, v_discard.from_states;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_explain is 'Says what cancel, resume and discard would do to each task, and why, without doing it.

consumer     name of the consumer
event_ids    ids of the tasks'' events; any number, duplicates count once

Returns a row for each distinct id, in the order of event_ids:
state        null if there is no such task
can_cancel   whether kanthorq_task_cancel would update it now; likewise can_resume and can_discard
why          a sentence about where it stands and what can be done
next_run_at  when a worker may take it, at the earliest; null if none ever will unless a person acts

Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a bad argument.';

revoke all on function kanthorq_schema.kanthorq_task_explain from public;

-- function: kanthorq_task_find
-- Finds the tasks of a consumer that a filter matches, a page at a time.
--
-- Pages follow each other by event id, which is the order in which the events were made: pass the last event_id of a page
-- as `after` to get the next one. A page costs as many rows as have to be looked at to fill it: PostgreSQL goes through
-- the table's key, or through an index on the state where it expects that to be less.
create or replace function
kanthorq_schema.kanthorq_task_find(
  consumer text,
  states text[] default null,
  subject text default null,
  metadata jsonb default null,
  error text default null,
  created_after timestamp with time zone default null,
  created_before timestamp with time zone default null,
  after text default null,
  max_tasks int default 100,
  oldest_first boolean default false
)
returns setof kanthorq_schema.kanthorq_task
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_consumer record := kanthorq_schema._kanthorq_consumer(consumer);
  v_filter record := kanthorq_schema._kanthorq_task_filter(
    states, subject, metadata, error, created_after, created_before
  );
  v_now bigint := floor(extract(epoch from clock_timestamp()) * 1000);
  v_page text := case when after is null then 'true' when oldest_first then 't.event_id > $9' else 't.event_id < $9' end;
begin
  if max_tasks is null or max_tasks < 1 then
    raise exception 'max_tasks is %', coalesce(max_tasks::text, 'null')
      using errcode = 'KQ003', hint = 'Pass how many tasks a page may have, at least 1.';
  end if;
  return query execute format(
    'select %s from %s t where %s and %s order by t.event_id %s limit $10',
    kanthorq_schema._kanthorq_task_columns(),
    v_consumer.task_table,
    v_filter.condition,
    v_page,
    case when oldest_first then 'asc' else 'desc' end
  )
  using v_now, (v_consumer.registry).attempt_max, v_filter.codes, v_filter.subject_pattern, metadata, error,
    v_filter.created_from, v_filter.created_to, after, max_tasks;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_find is 'Finds the tasks of a consumer, newest event first, a page at a time.

consumer        name of the consumer
states          only tasks in one of these states: pending, available, running, completed, retryable, discarded, cancelled
subject         only tasks whose subject this filter matches: * is one token, > at the end is one or more
metadata        only tasks whose metadata contains this: {"customer": "42"}
error           only tasks whose last error contains this text, in this case
created_after   only tasks made at this time or later
created_before  only tasks made before this time
after           the last event_id of the page before; null is the first page
max_tasks       how many at most
oldest_first    true turns the order round

Returns rows of type kanthorq_task. Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a bad filter.';

revoke all on function kanthorq_schema.kanthorq_task_find from public;

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
  v_action record := kanthorq_schema._kanthorq_task_action('discard');
  v_now bigint := floor(extract(epoch from clock_timestamp()) * 1000);
begin
  if consumer is not null then
    perform kanthorq_schema._kanthorq_consumer(consumer);
  end if;
  for v_name in
    select r.name from kanthorq_schema.kanthorq_consumer_registry r
    where (consumer is null or r.name = consumer)
      and to_regclass(format('kanthorq_schema.%I', 'kanthorq_' || r.id)) is not null
    order by r.name
  loop
    v_consumer := kanthorq_schema._kanthorq_consumer(v_name);
    return query execute format(
      'select $3, s.name, c.tasks, to_timestamp(c.oldest / 1000.0), to_timestamp(c.due / 1000.0), c.stuck'
      ' from ('
      '   select t.state, count(*) as tasks, min(t.created_at) as oldest,'
      '     min(t.schedule_at) filter (where t.state = any ($4) and t.attempt_count <= $2) as due,'
      '     count(*) filter (where t.state = any ($5) and %s) as stuck'
      '   from %s t group by t.state'
      ' ) c'
      ' join kanthorq_schema._kanthorq_task_states() s on s.code = c.state'
      ' order by c.state',
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

-- function: kanthorq_task_undo
-- Puts the tasks of an operation back to what they were before it, where nothing has touched them since.
--
-- A task is as the operation left it if it has the state, updated_at, finalized_at and attempt_count that the operation gave
-- it: every transition of ours sets updated_at, and whatever KanthorQ does to such a task changes its state, adds an
-- attempt, or finalizes it anew. All others are no-ops. updated_at goes back too, so that the operation before can be undone
-- next.
--
-- The tasks are locked in the order of their ids first, like those of any transition. The undo is an operation itself, and
-- can be undone.
create or replace function
kanthorq_schema.kanthorq_task_undo(
  operation_id bigint,
  reason text default null,
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
as $function$
declare
  v_operation kanthorq_schema.kanthorq_task_operation;
  v_consumer record;
  v_at bigint;
  v_to_state smallint;
  v_done kanthorq_schema.kanthorq_task_operation;
begin
  select o.* into v_operation from kanthorq_schema.kanthorq_task_operation o where o.id = operation_id;
  if not found then
    raise exception 'there is no operation %', coalesce(operation_id::text, 'null')
      using errcode = 'KQ004', hint = 'kanthorq_task_operations() lists them; an old one may have been purged.';
  end if;
  v_consumer := kanthorq_schema._kanthorq_consumer(v_operation.consumer);

  -- What the log leaves out follows from the action.
  v_at := extract(epoch from v_operation.at) * 1000;
  if v_operation.action <> 'undo' then
    v_to_state := (kanthorq_schema._kanthorq_task_action(v_operation.action)).to_state;
  end if;
  v_done.at := date_trunc('milliseconds', clock_timestamp());
  v_done.action := 'undo';
  v_done.consumer := v_operation.consumer;
  v_done.reason := reason;
  v_done.undoes := operation_id;

  execute format(
    'with entry as ('
    ' select * from unnest((select $2), (select $3), (select $4), (select $5), (select $6), (select $7), (select $8), (select $9), (select $10), (select $11))'
    '   as e (event_id, from_state, from_updated_at, from_schedule_at, from_finalized_at, from_attempt_count,'
    '     to_state, to_updated_at, to_finalized_at, to_attempt_count)'
    '), locked as materialized ('
    ' select e.event_id, t.state as is_state, t.updated_at as is_updated_at, t.schedule_at as is_schedule_at, t.finalized_at as is_finalized_at,'
    '   t.attempt_count as is_attempt_count, e.from_state, e.from_updated_at, e.from_schedule_at, e.from_finalized_at, e.from_attempt_count,'
    '   coalesce(e.to_state, $12) as to_state, coalesce(e.to_updated_at, $1) as to_updated_at,'
    '   coalesce(e.to_finalized_at, $13) as to_finalized_at, e.to_attempt_count'
    ' from entry e join %1$s t on t.event_id = e.event_id'
    ' order by t.event_id for no key update of t'
    '), moved as ('
    ' update %1$s as t set state = l.from_state, updated_at = l.from_updated_at, finalized_at = coalesce(l.from_finalized_at, 0),'
    '   schedule_at = coalesce(l.from_schedule_at, t.schedule_at),'
    '   attempt_count = coalesce(l.from_attempt_count, t.attempt_count)'
    ' from locked l'
    ' where t.event_id = l.event_id and t.state = l.to_state and t.updated_at = l.to_updated_at and t.finalized_at = l.to_finalized_at'
    '   and t.attempt_count = coalesce(l.to_attempt_count, t.attempt_count)'
    ' returning l.*, t.finalized_at as now_finalized_at, t.attempt_count as now_attempt_count'
    ')'
    ' select coalesce(array_agg(event_id), ''{}''), array_agg(is_state), array_agg(is_updated_at), array_agg(is_schedule_at),'
    '   array_agg(is_finalized_at), array_agg(is_attempt_count),'
    '   array_agg(from_state), array_agg(from_updated_at), array_agg(now_finalized_at),'
    '   array_agg(now_attempt_count) from moved',
    v_consumer.task_table
  )
  into v_done.event_ids, v_done.from_state, v_done.from_updated_at, v_done.from_schedule_at, v_done.from_finalized_at,
    v_done.from_attempt_count, v_done.to_state, v_done.to_updated_at, v_done.to_finalized_at, v_done.to_attempt_count
  using v_at, v_operation.event_ids, v_operation.from_state, v_operation.from_updated_at, v_operation.from_schedule_at,
    v_operation.from_finalized_at, v_operation.from_attempt_count, v_operation.to_state, v_operation.to_updated_at,
    v_operation.to_finalized_at, v_operation.to_attempt_count, v_to_state,
    case when v_operation.action = 'resume' then 0 else v_at end;

  if cardinality(v_done.event_ids) > 0 then
    perform kanthorq_schema._kanthorq_task_log(v_done);
  end if;

  select p.updated, p.noop into updated, noop
  from kanthorq_schema._kanthorq_partition_ids(v_operation.event_ids, v_done.event_ids) p;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_undo is 'Undoes an operation of the log: puts its tasks back to the state each came from, where nothing has moved them since.

operation_id  an id of kanthorq_task_operations
reason        why, for the log

Returns one row of two arrays that hold each task of the operation once:
updated       the tasks that are now as they were before the operation
noop          ids of tasks that something has touched since, or that do not exist any more

An undo is an operation itself, and can be undone. Raises KQ004 if there is no such operation, KQ001 or KQ002 if its consumer is
gone.';

revoke all on function kanthorq_schema.kanthorq_task_undo from public;
$sql$, 'kanthorq_schema', quote_ident(current_schema()));
end
$migration$;
