begin;

-- As KanthorQ creates them; the default of state is available.
create temp table stream_registry (
  id varchar(64) not null primary key,
  name varchar(256) not null,
  created_at bigint not null default (extract(epoch from current_timestamp) * 1000::numeric),
  updated_at bigint not null default (extract(epoch from current_timestamp) * 1000::numeric)
);

create temp table consumer_registry (
  stream_id varchar(64) not null,
  stream_name varchar(256) not null,
  id varchar(64) not null,
  name varchar(256) not null primary key,
  kind smallint not null default 1,
  subject_includes varchar(256)[] not null,
  subject_excludes varchar(256)[] not null default '{}'::varchar[],
  cursor varchar(64) not null,
  attempt_max smallint not null default 16,
  visibility_timeout bigint not null default 300000,
  created_at bigint not null default (extract(epoch from current_timestamp) * 1000::numeric),
  updated_at bigint not null default (extract(epoch from current_timestamp) * 1000::numeric)
);

create temp table event (
  id varchar(64) not null primary key,
  subject varchar(256) not null,
  body bytea not null,
  metadata jsonb not null default '{}'::jsonb,
  created_at bigint not null default (extract(epoch from current_timestamp) * 1000::numeric)
);

create temp table task (
  event_id varchar(64) not null primary key,
  subject varchar(256) not null,
  state smallint default 1 not null,
  schedule_at bigint not null default (extract(epoch from current_timestamp) * 1000::numeric),
  finalized_at bigint not null default 0,
  attempt_count smallint not null default 0,
  attempted_at bigint not null default 0,
  attempted_error jsonb[] not null default '{}'::jsonb[],
  metadata jsonb not null default '{}'::jsonb,
  created_at bigint not null default (extract(epoch from current_timestamp) * 1000::numeric),
  updated_at bigint not null default (extract(epoch from current_timestamp) * 1000::numeric)
);

create temp table consumer as
select test.consumer(name) as name from unnest(array['send_email', 'send_sms']) name;

-- The second consumer gets an index of its own as the first did.
create temp table relation as
select 'public.kanthorq_stream_registry'::regclass as ours, 'stream_registry'::regclass as theirs,
  '{(id),(name)}'::text[] as keys, '{}'::text[] as indexes
union all
select 'public.kanthorq_consumer_registry', 'consumer_registry', '{(name),(name)}', '{}'
union all
select format('public.%I', 'kanthorq_' || s.id)::regclass, 'event', '{(id)}', '{}' from kanthorq_stream_register('event_log') s
union all
select test.task_table(name), 'task', '{(event_id)}', '{"(state, schedule_at, event_id)"}' from consumer;

create function pg_temp.columns(relation regclass)
returns table (name name, type text, is_required boolean, default_value text)
language sql
as $$
  select a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid)
  from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where a.attrelid = relation and a.attnum > 0
  order by a.attnum
$$;

create function pg_temp.indexes(relation regclass, is_unique boolean)
returns text[]
language sql
as $$
  select coalesce(array_agg(c order by c), '{}')
  from pg_index i, substring(pg_get_indexdef(i.indexrelid) from 'USING btree (.*)') c
  where i.indrelid = relation and i.indisunique = is_unique
$$;

select plan(5 * 3 + 1);

select results_eq(
  format('select * from pg_temp.columns(%s)', ours::oid),
  format('select * from pg_temp.columns(%s)', theirs::oid),
  format('the columns of %s have KanthorQ''s names, order, types and defaults', theirs)
)
from relation;

select is(pg_temp.indexes(ours, true), keys, format('the keys of %s are KanthorQ''s', theirs)) from relation;

select is(pg_temp.indexes(ours, false), indexes, format('%s has an index for what the pullers look for, if any', theirs)) from relation;

-- By way of the fixture, which may call the helper: a task is made in each state, and the column read as it is.
create temp table made as
select state, test.task('send_email', state) as id
from unnest(array['discarded', 'cancelled', 'pending', 'available', 'running', 'completed', 'retryable']) state;

select results_eq(
  $$ select made.state, (row ->> 'state')::integer
     from made
       join test.read(format('select event_id, state from %s', test.task_table('send_email'))) row on row ->> 'event_id' = id
     order by 2 $$,
  $$ values
       ('discarded', -102), ('cancelled', -101), ('pending', 0), ('available', 1), ('running', 2),
       ('completed', 101), ('retryable', 102) $$,
  'every state is stored under KanthorQ''s code'
);

rollback;
