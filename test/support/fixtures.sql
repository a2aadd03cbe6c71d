-- What tests need beside the SQL API: tasks in any state, and a look at the tables. Loaded into the schema `test`.
--
-- The functions run as their owner, so that a test passes unchanged for a role that may only execute the SQL API.

-- As it is by default from PostgreSQL 15 on.
revoke create on schema public from public;

create schema test;

grant usage on schema test to public;

-- Registers a consumer of a stream of its own and returns its name.
create function test.consumer(name text default 'send_email', attempt_max integer default 3)
returns text
language plpgsql security definer set search_path to pg_catalog, pg_temp
as $$
begin
  perform public.kanthorq_consumer_register(name || '_stream', name, '{>}', attempt_max => attempt_max);
  perform test.partition(name, test.partitions());
  return name;
end
$$;

-- How many partitions the table of each new consumer gets: 0, unless template.ts replaces this function.
create function test.partitions()
returns integer
language sql immutable
return 0;

-- Partitions a consumer's empty table by the hash of event_id, if it is not; all else about it stays as it is.
create function test.partition(consumer text, partitions integer)
returns void
language plpgsql security definer set search_path to pg_catalog, pg_temp
as $$
declare
  v_name text := (select c.relname from pg_class c where c.oid = test.task_table(consumer) and c.relkind = 'r');
  v_indexes text[] := array(
    select pg_get_indexdef(i.indexrelid) from pg_index i where i.indrelid = test.task_table(consumer) and not i.indisprimary
  );
  v_index text;
begin
  if v_name is null or partitions = 0 then
    return;
  end if;
  execute format('alter table public.%I rename to whole', v_name);
  execute format('alter index public.%I rename to whole_pkey', v_name || '_pkey');
  execute format(
    'create table public.%I (like public.whole including all excluding indexes, primary key (event_id))'
    ' partition by hash (event_id)',
    v_name
  );
  for n in 0..partitions - 1 loop
    execute format(
      'create table public.%I partition of public.%I for values with (modulus %s, remainder %s)',
      v_name || '_part_' || n, v_name, partitions, n
    );
  end loop;
  drop table public.whole;
  foreach v_index in array v_indexes loop
    execute v_index;
  end loop;
end
$$;

-- The table that holds a consumer's tasks.
create function test.task_table(consumer text)
returns regclass
language sql stable security definer set search_path to pg_catalog, pg_temp
as $$
  select ('public.kanthorq_' || r.id)::regclass from public.kanthorq_consumer_registry r where r.name = consumer
$$;

-- Publishes an event, makes a task of it, puts the task into a state, and returns the event id.
-- schedule_at and finalized_at are epoch milliseconds.
create function test.task(
  consumer text,
  state text,
  attempt_count integer default 0,
  schedule_at bigint default 1000,
  finalized_at bigint default 0,
  subject text default 'order.created',
  attempted_error jsonb[] default '{}'
)
returns text
language plpgsql security definer set search_path to pg_catalog, pg_temp
as $$
declare
  v_id text := public.kanthorq_stream_publish(consumer || '_stream', subject, 'body', '{"customer": "42"}');
begin
  perform public.kanthorq_task_convert(consumer, array[v_id], state);
  execute format(
    'update %s set attempt_count = $2, schedule_at = $3, finalized_at = $4, attempted_error = $5,'
    ' created_at = 1000, updated_at = 1000 where event_id = $1',
    test.task_table(consumer)
  )
  using v_id, attempt_count, schedule_at, finalized_at, attempted_error;
  return v_id;
end
$$;

-- The tasks of a consumer as they stand in its table, but for the name of the state, by event id.
create function test.tasks(consumer text)
returns table (
  event_id text,
  subject text,
  state text,
  schedule_at bigint,
  finalized_at bigint,
  attempt_count integer,
  attempted_at bigint,
  attempted_error jsonb[],
  metadata jsonb,
  created_at bigint,
  updated_at bigint
)
language plpgsql stable security definer set search_path to pg_catalog, pg_temp
as $$
begin
  return query execute format(
    'select t.event_id::text, t.subject::text, s.name, t.schedule_at, t.finalized_at, t.attempt_count::integer,'
    ' t.attempted_at, t.attempted_error, t.metadata, t.created_at, t.updated_at'
    ' from %s t join public._kanthorq_task_states() s on s.code = t.state order by t.event_id',
    test.task_table(consumer)
  );
end
$$;

-- The state of one task, by name.
create function test.state(consumer text, event_id text)
returns text
language sql stable security definer set search_path to pg_catalog, pg_temp
as $$
  select t.state from test.tasks(consumer) t where t.event_id = state.event_id
$$;

-- What the pullers of KanthorQ do, the visibility puller with running tasks and the retry puller with retryable ones: takes
-- those that are due and have attempts left, counts the attempt, and pushes the next one out. Returns the ids.
create function test.pull(consumer text, state text default 'running')
returns setof text
language plpgsql security definer set search_path to pg_catalog, pg_temp
as $$
begin
  return query execute format(
    $q$
      with consumer as (
        select r.attempt_max, r.visibility_timeout, extract(epoch from clock_timestamp()) * 1000 as now
        from public.kanthorq_consumer_registry r where r.name = $1
      ), ready as (
        select t.event_id from %1$s t
        where t.state = public._kanthorq_task_state($2) and t.attempt_count <= (select c.attempt_max from consumer c)
          and t.schedule_at < (select c.now from consumer c)
        order by t.state, t.schedule_at limit 100 for update skip locked
      )
      update %1$s t
      set state = public._kanthorq_task_state('running'), attempt_count = t.attempt_count + 1, attempted_at = c.now,
        schedule_at = c.now + c.visibility_timeout + (t.attempt_count + 1)::numeric ^ 4 * 1000
      from ready, consumer c
      where ready.event_id = t.event_id
      returning t.event_id::text
    $q$,
    test.task_table(consumer)
  ) using consumer, state;
end
$$;

-- What a worker of KanthorQ does with a running task that failed: retryable, or discarded when the attempts are spent.
create function test.fail(consumer text, event_id text, error text default 'smtp: connection refused')
returns void
language plpgsql security definer set search_path to pg_catalog, pg_temp
as $$
begin
  execute format(
    'update %s t set'
    ' state = case when t.attempt_count >= $2 then public._kanthorq_task_state(''discarded'')'
    '   else public._kanthorq_task_state(''retryable'') end,'
    ' finalized_at = case when t.attempt_count >= $2 then extract(epoch from clock_timestamp()) * 1000 else 0 end,'
    ' attempted_error = t.attempted_error || jsonb_build_object(''at'', 0, ''error'', $3, ''stack'', '''')'
    ' where t.event_id = $1 and t.state = public._kanthorq_task_state(''running'')',
    test.task_table(consumer)
  )
  using event_id, (select r.attempt_max from public.kanthorq_consumer_registry r where r.name = consumer), error;
end
$$;

-- Drops the table behind a consumer and leaves its registry row, as nobody should.
create function test.drop_task_table(consumer text)
returns void
language plpgsql security definer set search_path to pg_catalog, pg_temp
as $$
begin
  execute format('drop table %s', test.task_table(consumer));
end
$$;

-- Makes n tasks in a state by one INSERT, without events, and returns their ids.
create function test.tasks_in_bulk(consumer text, state text, n integer)
returns setof text
language plpgsql security definer set search_path to pg_catalog, pg_temp
as $$
begin
  return query execute format(
    'insert into %s (event_id, subject, state)'
    ' select ''event_'' || lpad(i::text, 26, ''0''), ''order.created'', public._kanthorq_task_state($1)'
    ' from generate_series(1, $2) i returning event_id::text',
    test.task_table(consumer)
  )
  using state, n;
end
$$;

-- The character with a code of Unicode, or another text where the encoding of the database does not have it.
create function test.char(code integer, otherwise text default '')
returns text
language plpgsql
as $$
begin
  return chr(code);
exception
  when program_limit_exceeded then
    return otherwise;
end
$$;

-- Leaves the role that tests run as the rights of an operator only, so that kanthorq_doctor has nothing to say of it.
create function test.only_granted()
returns void
language plpgsql security definer set search_path to pg_catalog, pg_temp
as $$
begin
  perform public.kanthorq_grant(pg_get_userbyid(l.role), 'operator') from public._kanthorq_role_levels() l where l.level is null;
end
$$;

-- Runs a statement as the owner: for a scene that no other helper sets.
create function test.as_owner(statement text)
returns void
language plpgsql security definer set search_path to pg_catalog, public, pg_temp
as $$
begin
  execute statement;
end
$$;

-- The rows of a query that is run as the owner, as JSON objects: for what no other helper shows.
create function test.read(query text)
returns setof jsonb
language plpgsql stable security definer set search_path to pg_catalog, public, pg_temp
as $$
begin
  return query execute format('select to_jsonb(q) from (%s) q', query);
end
$$;

-- Sets columns of a consumer's tasks; of all of them if no id is given.
create function test.update(consumer text, assignments text, event_id text default null)
returns void
language plpgsql security definer set search_path to pg_catalog, public, pg_temp
as $$
begin
  execute format('update %s t set %s where t.event_id = $1 or $1 is null', test.task_table(consumer), assignments) using event_id;
end
$$;

-- Drops the index by which the pullers and the batches find tasks, so that only that of the key is left.
create function test.drop_scheduling_index(consumer text)
returns void
language plpgsql security definer set search_path to pg_catalog, pg_temp
as $$
begin
  execute (
    select format('drop index %s', i.indexrelid::regclass) from pg_index i
    where i.indrelid = test.task_table(consumer) and not i.indisprimary
  );
end
$$;

-- The transitions that take ids: the states that each takes tasks from, and the one that it moves them to. A task with
-- more attempts behind it than its consumer allows is taken by each.
create function test.transitions()
returns table (action text, from_states text[], from_state text, to_state text)
language sql immutable set search_path to pg_catalog, pg_temp
as $$
  select v.action, v.states, v.states[1], v.to_state
  from (values
    ('cancel', array['available', 'pending', 'retryable'], 'cancelled'),
    ('resume', array['discarded', 'cancelled'], 'running'),
    ('discard', array['running'], 'discarded')
  ) v (action, states, to_state)
$$;

-- Calls a transition by its name, as the caller.
create function test.move(action text, consumer text, event_ids text[], out updated text[], out noop text[])
language plpgsql
as $$
begin
  execute pg_catalog.format('select updated, noop from public.%I($1, $2)', 'kanthorq_task_' || action)
  into updated, noop using consumer, event_ids;
end
$$;

-- Calls kanthorq_task_batch, or kanthorq_task_undo_batch, as the caller, until there is nothing left to do. The arguments are
-- SQL, without progress.
create function test.batches(arguments text, progress text default null, call text default 'kanthorq_task_batch')
returns table (n integer, updated bigint, skipped bigint, total bigint, bulk_id bigint)
language plpgsql
as $$
begin
  n := 0;
  loop
    n := n + 1;
    execute format('select b.* from public.%I(%s, progress => %L) b', call, arguments, progress)
    into progress, updated, skipped, total, bulk_id;
    return next;
    exit when progress is null;
  end loop;
end
$$;

-- What callers pass to the functions of the API. Not to the procedures, which can't be part of a test's transaction.
create function test.parameters()
returns table (function_name text, n bigint, name text, type text, optional boolean)
language sql stable set search_path to pg_catalog, pg_temp
as $$
  select p.proname::text, a.n, a.name, format_type(a.type, null), a.n > p.pronargs - p.pronargdefaults
  from pg_proc p, unnest(p.proargtypes::oid[], p.proargnames[:p.pronargs]) with ordinality a (type, name, n)
  where p.pronamespace = 'public'::regnamespace and p.proname like 'kanthorq\_%' and p.prokind = 'f'
$$;

-- A call of each function of the API that has all the parameters in `given`, from names to SQL. `also` is for functions
-- that have such a parameter. Parameters without a default that neither names get something of their type.
create function test.calls(given jsonb, also jsonb default '{}')
returns table (name text, call text)
language sql stable set search_path to pg_catalog, pg_temp
as $$
  select p.proname::text, format('select * from public.%I(%s)', p.proname, string_agg(
    format('%I => %s', a.name, coalesce(given ->> a.name, also ->> a.name, v.value)), ', ' order by a.n
  ) filter (where a.name is not null))
  from pg_proc p
  left join test.parameters() a on a.function_name = p.proname
    and (not a.optional or a.name = 'everything' or given ? a.name or also ? a.name)
  left join (values
    ('text', '''x'''), ('text[]', '''{x}'''), ('integer', '1'), ('bigint', '1'), ('boolean', 'true'), ('bytea', ''''''), ('bytea[]', '''{x}'''),
    ('timestamp with time zone', 'now()'), ('interval', '''1 hour'''), ('jsonb', '''{}''')
  ) v (type, value) on v.type = a.type
  where p.pronamespace = 'public'::regnamespace and p.proname like 'kanthorq\_%' and p.prokind = 'f'
  group by p.proname
  having count(*) filter (where given ? a.name) = (select count(*) from jsonb_object_keys(given))
$$;
