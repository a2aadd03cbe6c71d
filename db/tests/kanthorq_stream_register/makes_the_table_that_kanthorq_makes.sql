begin;

select plan(3);

-- As KanthorQ creates it.
create temp table kanthorqs (
  id varchar(64) not null primary key,
  subject varchar(256) not null,
  body bytea not null,
  metadata jsonb not null default '{}'::jsonb,
  created_at bigint not null default (extract(epoch from current_timestamp) * 1000::numeric)
);

create temp table stream as
select * from kanthorq_stream_register('event_log');

create temp table ours as
select format('public.%I', 'kanthorq_' || id)::regclass as oid from stream;

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
  array['PRIMARY KEY (id)'],
  'the id is the primary key'
);

select results_eq(
  $$ select count(*) from ours join pg_index i on i.indrelid = ours.oid $$,
  array[1::bigint],
  'there is no other index'
);

select * from finish();

rollback;
