begin;

select plan(2);

-- As KanthorQ creates it; the default of state is available.
create temp table kanthorqs (
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
select test.consumer() as name;

create temp table ours as
select test.task_table(name) as oid from consumer;

create function pg_temp.columns(relation oid)
returns table (name name, type text, is_required boolean, default_value text)
language sql
as $$
  select a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid)
  from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where a.attrelid = relation and a.attnum > 0
  order by a.attnum
$$;

select results_eq(
  'select c.* from ours, pg_temp.columns(oid) c',
  $$ select * from pg_temp.columns('kanthorqs'::regclass) $$,
  'the columns have KanthorQ''s names, order, types and defaults'
);

select results_eq(
  $$ select pg_get_constraintdef(c.oid) from ours join pg_constraint c on c.conrelid = ours.oid where c.contype = 'p' $$,
  array['PRIMARY KEY (event_id)'],
  'the event id is the primary key'
);

select * from finish();

rollback;
