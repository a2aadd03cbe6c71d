-- level: owner
-- Registers a consumer, or finds it: its row in kanthorq_consumer_registry, the table for its tasks, and the scheduling index of that
-- table. A stream of a new name is registered too.
--
-- The result is that of KanthorQ's ConsumerRegister, so that a Go subscriber can use it, except for the name of the index: KanthorQ gives
-- all of them the same one, so that only the first consumer of a schema gets an index.
--
-- The cursor starts a millisecond before the stream was made, below all of its events.
create or replace function
kanthorq_schema.kanthorq_consumer_register(
  stream text,
  name text,
  subject_includes text[],
  subject_excludes text[] default '{}',
  attempt_max int default 16,
  visibility_timeout bigint default 300000
)
returns kanthorq_schema.kanthorq_consumer_registry
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
as $function$
#variable_conflict use_column
declare
  v_stream kanthorq_schema.kanthorq_stream_registry;
  v_registry kanthorq_schema.kanthorq_consumer_registry;
  v_table text;
  v_found regclass;
begin
  perform kanthorq_schema._kanthorq_check_name('consumer', kanthorq_consumer_register.name);
  perform kanthorq_schema._kanthorq_check_subject_filters('subject_includes', kanthorq_consumer_register.subject_includes);
  perform kanthorq_schema._kanthorq_check_subject_filters('subject_excludes', kanthorq_consumer_register.subject_excludes);
  if cardinality(kanthorq_consumer_register.subject_includes) = 0 then
    raise exception 'subject_includes is empty'
      using errcode = 'KQ003', hint = 'Name at least one subject filter; array[''>''] takes every event of the stream.';
  end if;
  if cardinality(kanthorq_consumer_register.subject_excludes) not in (0, cardinality(kanthorq_consumer_register.subject_includes)) then
    raise exception 'there are % subject_excludes for % subject_includes',
        cardinality(kanthorq_consumer_register.subject_excludes), cardinality(kanthorq_consumer_register.subject_includes)
      using errcode = 'KQ003',
        hint = 'KanthorQ''s program stops at the first event with fewer, and ignores those that are more. Pass as many, or none.';
  end if;
  if kanthorq_consumer_register.attempt_max is null or kanthorq_consumer_register.attempt_max not between 1 and 32767 then
    raise exception 'attempt_max is %', coalesce(kanthorq_consumer_register.attempt_max::text, 'null')
      using errcode = 'KQ003', hint = 'Pass a number of attempts between 1 and 32767.';
  end if;
  if kanthorq_consumer_register.visibility_timeout is null
    or kanthorq_consumer_register.visibility_timeout not between 1001 and 3155760000000 then
    raise exception 'visibility_timeout is %', coalesce(kanthorq_consumer_register.visibility_timeout::text, 'null')
      using errcode = 'KQ003', hint = 'Pass a number of milliseconds above 1000, which KanthorQ refuses, up to a hundred years; 300000 is five minutes.';
  end if;

  perform kanthorq_schema._kanthorq_check_schema();
  v_stream := kanthorq_schema.kanthorq_stream_register(stream);

  insert into kanthorq_schema.kanthorq_consumer_registry as r (
    stream_id, stream_name, id, name, subject_includes, subject_excludes, cursor, attempt_max, visibility_timeout
  )
  values (
    v_stream.id,
    v_stream.name,
    kanthorq_schema._kanthorq_id('consumer'),
    kanthorq_consumer_register.name,
    kanthorq_consumer_register.subject_includes,
    kanthorq_consumer_register.subject_excludes,
    'event_' || kanthorq_schema._kanthorq_crockford(v_stream.created_at - 1, 10) || repeat('0', 16),
    kanthorq_consumer_register.attempt_max,
    kanthorq_consumer_register.visibility_timeout
  )
  on conflict (name) do update set updated_at = extract(epoch from current_timestamp) * 1000
  returning r.* into v_registry;

  if v_registry.stream_id <> v_stream.id then
    raise exception 'consumer % belongs to stream %, not %',
      quote_literal(v_registry.name), quote_literal(v_registry.stream_name), quote_literal(v_stream.name)
      using errcode = 'KQ003', hint = 'Register the new consumer under another name.';
  end if;

  v_table := 'kanthorq_' || v_registry.id;
  v_found := kanthorq_schema._kanthorq_find_table(v_registry.id::text);
  if kanthorq_schema._kanthorq_table_fault(v_found, 'consumer') is not null then
    perform kanthorq_schema._kanthorq_refuse_table(v_registry.id::text, 'consumer', v_registry.name::text);
  elsif v_found is null then
    execute format($q$
      create table kanthorq_schema.%1$I (
        event_id varchar(64) not null primary key,
        subject varchar(256) not null,
        state smallint not null default %3$s,
        schedule_at bigint not null default (extract(epoch from current_timestamp) * 1000),
        finalized_at bigint not null default 0,
        attempt_count smallint not null default 0,
        attempted_at bigint not null default 0,
        attempted_error jsonb[] not null default '{}',
        metadata jsonb not null default '{}',
        created_at bigint not null default (extract(epoch from current_timestamp) * 1000),
        updated_at bigint not null default (extract(epoch from current_timestamp) * 1000)
      );
      create index %2$I on kanthorq_schema.%1$I (state, schedule_at, event_id)
      $q$,
      v_table,
      v_table || '_scheduling',
      kanthorq_schema._kanthorq_task_state('available')
    );
  end if;
  return v_registry;
end
$function$;

comment on function kanthorq_schema.kanthorq_consumer_register is 'Registers a consumer of a stream and makes the table for its tasks; registering a name again returns the existing consumer.

stream              name of the stream, registered too if it is new
name                letters, digits and single underscores between them, at most 256 characters
subject_includes    filters of the subjects it wants, at least one: * is one token, > at the end is one or more
subject_excludes    filters of the subjects it does not want: none, or as many as subject_includes has, because KanthorQ compares them in
                    pairs
attempt_max         attempts before a failing task is discarded, 1 to 32767
visibility_timeout  milliseconds after which a running task is picked up again, more than 1000

Returns the row of kanthorq_consumer_registry. Raises KQ003 for a bad argument, and for a consumer of another stream.';
