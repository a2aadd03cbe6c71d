-- Up Migration
-- KanthorQ's two registries, exactly as its own migration makes them. In a database that KanthorQ has been at work in
-- they exist, and nothing is touched. The comment on a table tells that it was made here, so that the down migration
-- never takes away a table of KanthorQ's.
do $migration$
declare
  v_path text := pg_catalog.current_setting('search_path');
  v_schema text := pg_catalog.current_schema();
begin
  perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
  v_schema := coalesce(nullif(current_setting('kanthorq.schema', true), ''), v_schema);
  if coalesce(v_schema ~ '[''"$%[:cntrl:]]' or strpos(v_schema, chr(92)) > 0, true) then
    raise exception 'can''t install into schema %', coalesce(quote_literal(v_schema), 'null')
      using errcode = 'KQ003', hint = 'Set search_path to an existing schema without quotes, $, % or backslashes in its name.';
  end if;

  if to_regclass(format('%I.kanthorq_stream_registry', v_schema)) is null then
    execute format($sql$
      create table %1$I.kanthorq_stream_registry (
        id varchar(64) not null,
        name varchar(256) not null,
        created_at bigint not null default extract(epoch from current_timestamp) * 1000,
        updated_at bigint not null default extract(epoch from current_timestamp) * 1000,
        primary key (id)
      );
      create unique index uniq_stream_name on %1$I.kanthorq_stream_registry (name);
      comment on table %1$I.kanthorq_stream_registry is 'The streams of KanthorQ, by name. Made by kanthorq-tasks.'
      $sql$, v_schema);
  end if;

  if to_regclass(format('%I.kanthorq_consumer_registry', v_schema)) is null then
    execute format($sql$
      create table %1$I.kanthorq_consumer_registry (
        stream_id varchar(64) not null,
        stream_name varchar(256) not null,
        id varchar(64) not null,
        name varchar(256) not null,
        kind smallint not null default 1,
        subject_includes varchar(256)[] not null,
        subject_excludes varchar(256)[] not null default '{}',
        cursor varchar(64) not null,
        attempt_max smallint not null default 16,
        visibility_timeout bigint not null default 300000,
        created_at bigint not null default extract(epoch from current_timestamp) * 1000,
        updated_at bigint not null default extract(epoch from current_timestamp) * 1000,
        primary key (name)
      );
      create unique index uniq_consumer_name on %1$I.kanthorq_consumer_registry (name);
      comment on table %1$I.kanthorq_consumer_registry is 'The consumers of KanthorQ, by name. Made by kanthorq-tasks.'
      $sql$, v_schema);
  end if;

  perform set_config('search_path', v_path, true);
end
$migration$;

-- Down Migration
do $migration$
declare
  v_path text := pg_catalog.current_setting('search_path');
  v_schema text := pg_catalog.current_schema();
  v_table regclass;
  v_used boolean;
begin
  perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
  v_schema := coalesce(nullif(current_setting('kanthorq.schema', true), ''), v_schema);
  foreach v_table in array array[
    to_regclass(format('%I.kanthorq_consumer_registry', v_schema)), to_regclass(format('%I.kanthorq_stream_registry', v_schema))
  ] loop
    if obj_description(v_table, 'pg_class') like '%Made by kanthorq-tasks.' then
      execute format('lock table %s', v_table);
      execute format('select exists (select from %s)', v_table) into v_used;
      if v_used then
        raise exception '% holds rows, so it is not dropped', (parse_ident(v_table::text))[2]
          using errcode = 'KQ003',
            hint = 'Keep it: the functions are what the migrations after this one install. If it really has to go, delete its rows first.';
      end if;
      execute format('drop table %s', v_table);
    end if;
  end loop;
  perform set_config('search_path', v_path, true);
end
$migration$;
