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
