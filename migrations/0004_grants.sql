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
  v_now bigint := floor(extract(epoch from clock_timestamp()) * 1000);
  v_due bigint := coalesce(floor(extract(epoch from due) * 1000), v_now);
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

-- function: kanthorq_grant
drop function kanthorq_schema.kanthorq_grant;

-- function: kanthorq_revoke
drop function kanthorq_schema.kanthorq_revoke;
$sql$, 'kanthorq_schema', quote_ident(current_schema()));
end
$migration$;
