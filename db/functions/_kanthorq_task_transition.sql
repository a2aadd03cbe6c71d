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
