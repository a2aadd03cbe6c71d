begin;

select plan(3);

-- As KanthorQ creates them.
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

create function pg_temp.columns(relation regclass)
returns table (name name, type text, is_required boolean, default_value text)
language sql
as $$
  select a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid)
  from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where a.attrelid = relation and a.attnum > 0
  order by a.attnum
$$;

select results_eq(
  $$ select * from pg_temp.columns('public.kanthorq_stream_registry') $$,
  $$ select * from pg_temp.columns('stream_registry') $$,
  'the columns of the stream registry are KanthorQ''s'
);

select results_eq(
  $$ select * from pg_temp.columns('public.kanthorq_consumer_registry') $$,
  $$ select * from pg_temp.columns('consumer_registry') $$,
  'the columns of the consumer registry are KanthorQ''s'
);

select results_eq(
  $$ select pg_get_indexdef(indexrelid)
     from pg_index
     where indrelid in ('public.kanthorq_stream_registry'::regclass, 'public.kanthorq_consumer_registry'::regclass)
     order by 1 $$,
  array[
    'CREATE UNIQUE INDEX kanthorq_consumer_registry_pkey ON public.kanthorq_consumer_registry USING btree (name)',
    'CREATE UNIQUE INDEX kanthorq_stream_registry_pkey ON public.kanthorq_stream_registry USING btree (id)',
    'CREATE UNIQUE INDEX uniq_consumer_name ON public.kanthorq_consumer_registry USING btree (name)',
    'CREATE UNIQUE INDEX uniq_stream_name ON public.kanthorq_stream_registry USING btree (name)'
  ],
  'their indexes are KanthorQ''s too'
);

select * from finish();

rollback;
