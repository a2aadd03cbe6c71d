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
-- function: _kanthorq_check_event_ids
-- Refuses what is not a plain list of event ids, before anything is looked up or locked.
--
-- Accepts any one-dimensional array of non-empty texts, of any length, also an empty one; duplicates are fine.
-- Raises KQ003 for a null or multi-dimensional array and for a null or empty element.
create or replace function kanthorq_schema._kanthorq_check_event_ids(event_ids text[])
returns void
language plpgsql
immutable
security definer
set search_path to pg_catalog, pg_temp
as $function$
begin
  if event_ids is null then
    raise exception 'event_ids is null'
      using errcode = 'KQ003', hint = 'Pass an array of event ids; an empty array is allowed.';
  end if;
  if array_ndims(event_ids) > 1 then
    raise exception 'event_ids has % dimensions', array_ndims(event_ids)
      using errcode = 'KQ003', hint = 'Pass a one-dimensional array of event ids.';
  end if;
  if array_position(event_ids, null) is not null then
    raise exception 'event_ids[%] is null', array_position(event_ids, null)
      using errcode = 'KQ003', hint = 'Leave null ids out: array_remove(ids, null).';
  end if;
  if '' = any (event_ids) then
    raise exception 'event_ids[%] is empty', array_position(event_ids, '')
      using errcode = 'KQ003', hint = 'Leave empty ids out: array_remove(ids, '''').';
  end if;
end
$function$;

comment on function kanthorq_schema._kanthorq_check_event_ids is 'Internal. Raises KQ003 unless the argument is a one-dimensional array of non-empty ids.';

revoke all on function kanthorq_schema._kanthorq_check_event_ids from public;

-- function: _kanthorq_check_name
-- Refuses what KanthorQ would not accept as the name of a stream or a consumer.
--
-- The rule is its validator's (xvalidator.RegexCollectionName) and the 256 characters of the registries' columns.
-- kind is the argument's name, for the message. Raises KQ003.
create or replace function kanthorq_schema._kanthorq_check_name(kind text, name text)
returns void
language plpgsql
immutable
security definer
set search_path to pg_catalog, pg_temp
as $function$
begin
  if name is null then
    raise exception 'the % name is null', kind
      using errcode = 'KQ003', hint = 'Pass a name, for example order_update.';
  end if;
  if length(name) > 256 then
    raise exception 'the % name has % characters', kind, length(name)
      using errcode = 'KQ003', hint = 'At most 256 are allowed.';
  end if;
  if name !~ '^[a-zA-Z0-9]+(_[a-zA-Z0-9]+)*$' then
    raise exception '% is not a % name', quote_literal(name), kind
      using errcode = 'KQ003',
        hint = 'Use ASCII letters and digits, with single underscores between them: order_update.';
  end if;
end
$function$;

comment on function kanthorq_schema._kanthorq_check_name is 'Internal. Raises KQ003 unless the text is a name that KanthorQ accepts for a stream or a consumer.';

revoke all on function kanthorq_schema._kanthorq_check_name from public;

-- function: _kanthorq_check_subject
-- Refuses what KanthorQ would not accept as the subject of an event.
--
-- The rule is its validator's (xvalidator.RegexSubject) and the 256 characters of the column. Raises KQ003.
create or replace function kanthorq_schema._kanthorq_check_subject(subject text)
returns void
language plpgsql
immutable
security definer
set search_path to pg_catalog, pg_temp
as $function$
begin
  if subject is null then
    raise exception 'subject is null' using errcode = 'KQ003', hint = 'Pass a subject, for example order.created.';
  end if;
  if length(subject) > 256 then
    raise exception 'subject has % characters', length(subject)
      using errcode = 'KQ003', hint = 'At most 256 are allowed.';
  end if;
  if subject !~ '^[a-zA-Z0-9]+([._-]?[a-zA-Z0-9]+)*$' then
    raise exception '% is not a subject', quote_literal(subject)
      using errcode = 'KQ003',
        hint = 'Use ASCII letters and digits, with single dots, hyphens or underscores between them: order.created.v1';
  end if;
end
$function$;

comment on function kanthorq_schema._kanthorq_check_subject is 'Internal. Raises KQ003 unless the text is a subject that KanthorQ accepts.';

revoke all on function kanthorq_schema._kanthorq_check_subject from public;

-- function: _kanthorq_check_subject_filters
-- Refuses a list of subject filters in which one could never match any subject.
--
-- A filter is made of tokens separated by dots: plain ones, `*` for exactly one token, and `>` for one or more, as the
-- last only. KanthorQ itself lets any non-empty text pass and then matches nothing with it; a typing error is better
-- found here. argument is the argument's name, for the message. Raises KQ003, also for a null list.
create or replace function
kanthorq_schema._kanthorq_check_subject_filters(
  argument text,
  filters text[]
)
returns void
language plpgsql
immutable
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_bad text;
begin
  if filters is null or array_ndims(filters) > 1 then
    raise exception '% is not a one-dimensional array', argument
      using errcode = 'KQ003', hint = 'Pass an array of subject filters: array[''order.>''].';
  end if;
  select coalesce(quote_literal(f.filter), 'null') into v_bad
  from unnest(filters) f (filter)
  where f.filter is null
    or length(f.filter) > 256
    or f.filter !~ '^(>|([a-zA-Z0-9]+([_-]?[a-zA-Z0-9]+)*|\*)(\.([a-zA-Z0-9]+([_-]?[a-zA-Z0-9]+)*|\*))*(\.>)?)$'
  limit 1;
  if found then
    raise exception '% in % is not a subject filter', v_bad, argument
      using errcode = 'KQ003',
        hint = 'At most 256 characters; tokens separated by dots, * for one token, > at the end for one or more: order.*.created, order.>';
  end if;
end
$function$;

comment on function kanthorq_schema._kanthorq_check_subject_filters is 'Internal. Raises KQ003 unless every element is a subject filter that can match something.';

revoke all on function kanthorq_schema._kanthorq_check_subject_filters from public;

-- function: _kanthorq_consumer
-- Finds a consumer by its name: its registry row, and the table that holds its tasks.
--
-- Raises KQ001 when the registry has no such consumer, KQ002 when it has but the table is gone, KQ003 for null.
create or replace function
kanthorq_schema._kanthorq_consumer(
  consumer text,
  out registry kanthorq_schema.kanthorq_consumer_registry,
  out task_table regclass
)
returns record
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
begin
  if consumer is null then
    raise exception 'consumer is null' using errcode = 'KQ003', hint = 'Pass the name of a consumer.';
  end if;
  select r.* into registry from kanthorq_schema.kanthorq_consumer_registry r where r.name = consumer;
  if not found then
    raise exception 'there is no consumer %', quote_literal(consumer)
      using errcode = 'KQ001',
        hint = 'Names are case-sensitive. To list them: select name from kanthorq_schema.kanthorq_consumer_registry';
  end if;
  task_table := kanthorq_schema._kanthorq_table(registry.id, 'consumer ' || quote_literal(consumer));
end
$function$;

comment on function kanthorq_schema._kanthorq_consumer is 'Internal. The registry row and the task table of a consumer; KQ001 or KQ002 if either is missing.';

revoke all on function kanthorq_schema._kanthorq_consumer from public;

-- function: _kanthorq_crockford
-- Writes a number in lower-case Crockford base 32, the alphabet of KanthorQ's ids.
--
-- Takes the lowest 5 × digits bits of value and gives exactly that many digits.
create or replace function kanthorq_schema._kanthorq_crockford(value bigint, digits int)
returns text
language sql
immutable
security definer
set search_path to pg_catalog, pg_temp
as $function$
select string_agg(
  substr('0123456789abcdefghjkmnpqrstvwxyz', 1 + (value >> 5 * (digits - d) & 31)::integer, 1), '' order by d)
from generate_series(1, digits) d
$function$;

comment on function kanthorq_schema._kanthorq_crockford is 'Internal. The lowest bits of a number in lower-case Crockford base 32.';

revoke all on function kanthorq_schema._kanthorq_crockford from public;

-- function: _kanthorq_id
-- A new id in KanthorQ's form: kind (event, stream or consumer), an underscore, a lower-case ULID.
--
-- A ULID is 48 bits of milliseconds and 80 that are random, in 26 digits. So that ids of one millisecond sort by the
-- time of their making, in all sessions alike, the first 10 of the 80 hold the microsecond; the other 70 come from
-- gen_random_uuid(). Where the clock is too coarse to tell two calls of a session apart, the setting
-- kanthorq.last_id_at (microseconds) remembers the last one, and the next takes the microsecond after it.
create or replace function kanthorq_schema._kanthorq_id(kind text)
returns text
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_at bigint := floor(extract(epoch from clock_timestamp()) * 1000000);
  v_last text := current_setting('kanthorq.last_id_at', true);
  v_random text := replace(gen_random_uuid()::text, '-', '');
begin
  -- Anybody may set the setting, so it counts only if it is a number that is hardly ahead of the clock.
  if v_last ~ '^[0-9]{1,18}$' and v_last::bigint - v_at between 0 and 1000 then
    v_at := v_last::bigint + 1;
  end if;
  perform set_config('kanthorq.last_id_at', v_at::text, false);

  -- Digits 1 to 9 and 18 to 26 of a version 4 UUID are random; 13 and 17 hold its version and variant.
  return kind || '_'
    || kanthorq_schema._kanthorq_crockford(v_at / 1000, 10)
    || kanthorq_schema._kanthorq_crockford(v_at % 1000, 2)
    || kanthorq_schema._kanthorq_crockford(('x' || substr(v_random, 1, 9))::bit(36)::bigint, 7)
    || kanthorq_schema._kanthorq_crockford(('x' || substr(v_random, 18, 9))::bit(36)::bigint, 7);
end
$function$;

comment on function kanthorq_schema._kanthorq_id is 'Internal. A new id: a prefix and a ULID that sorts after all earlier ones.';

revoke all on function kanthorq_schema._kanthorq_id from public;

-- function: _kanthorq_stream
-- Finds a stream by its name: its registry row, and the table that holds its events.
--
-- Raises KQ001 when the registry has no such stream, KQ002 when it has but the table is gone, KQ003 for null.
create or replace function
kanthorq_schema._kanthorq_stream(
  stream text,
  out registry kanthorq_schema.kanthorq_stream_registry,
  out event_table regclass
)
returns record
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
begin
  if stream is null then
    raise exception 'stream is null' using errcode = 'KQ003', hint = 'Pass the name of a stream.';
  end if;
  select r.* into registry from kanthorq_schema.kanthorq_stream_registry r where r.name = stream;
  if not found then
    raise exception 'there is no stream %', quote_literal(stream)
      using errcode = 'KQ001',
        hint = 'Names are case-sensitive. To list them: select name from kanthorq_schema.kanthorq_stream_registry';
  end if;
  event_table := kanthorq_schema._kanthorq_table(registry.id, 'stream ' || quote_literal(stream));
end
$function$;

comment on function kanthorq_schema._kanthorq_stream is 'Internal. The registry row and the event table of a stream; KQ001 or KQ002 if either is missing.';

revoke all on function kanthorq_schema._kanthorq_stream from public;

-- function: _kanthorq_table
-- The table that holds the events of a stream or the tasks of a consumer, given the id from its registry row.
--
-- KanthorQ names it `kanthorq_` || id and keeps it in the schema of its registries (entities.Collection).
-- owner says whose table it is, for the message. The result prints qualified and quoted, ready for format('%s').
-- Raises KQ002 when the table is gone.
create or replace function kanthorq_schema._kanthorq_table(id text, owner text)
returns regclass
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_name text := format('kanthorq_schema.%I', 'kanthorq_' || id);
begin
  if to_regclass(v_name) is null then
    raise exception 'the table % of % is gone', v_name, owner
      using errcode = 'KQ002',
        hint = 'Restore the table from a backup. Registering the name again would make an empty one.';
  end if;
  return to_regclass(v_name);
end
$function$;

comment on function kanthorq_schema._kanthorq_table is 'Internal. The table behind a stream id or a consumer id; KQ002 if it is gone.';

revoke all on function kanthorq_schema._kanthorq_table from public;

-- function: _kanthorq_task_state
-- The code of a state, given its name, so that no other function has to know a number.
--
-- Immutable: PostgreSQL folds a call with a literal into a constant, once per session.
-- Raises KQ003 for a name that is no state.
create or replace function kanthorq_schema._kanthorq_task_state(name text)
returns smallint
language plpgsql
immutable
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_code smallint;
begin
  select s.code into v_code from kanthorq_schema._kanthorq_task_states() s where s.name = _kanthorq_task_state.name;
  if v_code is null then
    raise exception '% is not a task state', coalesce(quote_literal(name), 'null')
      using errcode = 'KQ003',
        hint = 'The states are ' || (select string_agg(s.name, ', ') from kanthorq_schema._kanthorq_task_states() s) || '.';
  end if;
  return v_code;
end
$function$;

comment on function kanthorq_schema._kanthorq_task_state is 'Internal. The code of the state with this name; KQ003 if there is none.';

revoke all on function kanthorq_schema._kanthorq_task_state from public;

-- function: _kanthorq_task_states
-- The states of a task: the one place where KanthorQ's codes stand beside their names.
--
-- Codes are KanthorQ's own (entities.TaskState) and are stored in every consumer table, so none may ever change.
create or replace function kanthorq_schema._kanthorq_task_states(out name text, out code smallint)
returns setof record
language sql
immutable
security definer
set search_path to pg_catalog, pg_temp
as $function$
values
  ('discarded', -102::smallint),
  ('cancelled', -101::smallint),
  ('pending', 0::smallint),
  ('available', 1::smallint),
  ('running', 2::smallint),
  ('completed', 101::smallint),
  ('retryable', 102::smallint)
$function$;

comment on function kanthorq_schema._kanthorq_task_states is 'Internal. The states of a task, by name and by code.';

revoke all on function kanthorq_schema._kanthorq_task_states from public;

-- function: _kanthorq_task_transition
-- Moves the given tasks of one consumer to another state, in one UPDATE: what cancel and resume have in common.
--
-- from_states says which tasks qualify; assignments is SQL text of ours (never a caller's) that is appended to the
-- SET list and may use $4 now and $5 due, both in epoch milliseconds, and $6 the consumer's attempt_max.
--
-- Locking. Two calls with overlapping ids must never deadlock, so rows are locked in the order of their ids before
-- anything is updated. So that the table's key is the way to them: seqscan, bitmapscan and sort are off; the state is compared
-- as integer, which no index on the state column can serve; and the array is hidden in a sub-select, whose 50,000 ids the
-- planner need not look at one by one.
-- The state is tested on the updated row itself too: of two racing calls exactly one reports a task as updated.
create or replace function
kanthorq_schema._kanthorq_task_transition(
  consumer text,
  event_ids text[],
  from_states smallint[],
  to_state smallint,
  assignments text,
  due timestamp with time zone default null,
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
set enable_sort = off
as $function$
declare
  v_consumer record;
  v_now bigint := floor(extract(epoch from clock_timestamp()) * 1000);
  v_due bigint := coalesce(floor(extract(epoch from due) * 1000), v_now);
begin
  perform kanthorq_schema._kanthorq_check_event_ids(event_ids);
  v_consumer := kanthorq_schema._kanthorq_consumer(consumer);

  execute format(
    'with moved as ('
    ' update %s as t set state = $3, updated_at = $4, %s'
    ' where t.event_id = any (array('
    '   select l.event_id from %s as l where l.event_id = any ((select $1)::text[]) and l.state::integer = any ($2)'
    '   order by l.event_id for no key update'
    ' )) and t.state::integer = any ($2)'
    ' returning t.event_id'
    ') select coalesce(array_agg(event_id::text), ''{}'') from moved',
    v_consumer.task_table,
    assignments,
    v_consumer.task_table
  )
  into updated
  using event_ids, from_states::integer[], to_state, v_now, v_due, (v_consumer.registry).attempt_max;

  -- As many as were asked for: each id was there once, and moved. The slice counts from 1, whatever the argument did.
  if cardinality(updated) = cardinality(event_ids) then
    updated := event_ids[:];
    noop := '{}';
    return;
  end if;

  select
    coalesce(array_agg(i.event_id) filter (where i.moved), '{}'),
    coalesce(array_agg(i.event_id) filter (where not i.moved), '{}')
  into updated, noop
  from (
    select u.event_id, u.event_id in (select m from unnest(updated) m) as moved
    from unnest(event_ids) with ordinality u (event_id, position)
    group by u.event_id
    order by min(u.position)
  ) i;
end
$function$;

comment on function kanthorq_schema._kanthorq_task_transition is 'Internal. Moves tasks from one of several states to another and says which ids moved.';

revoke all on function kanthorq_schema._kanthorq_task_transition from public;

-- function: kanthorq_consumer_register
-- Registers a consumer, or finds it: its row in kanthorq_consumer_registry, the table for its tasks, and that table's
-- scheduling index. The stream is registered too if there is none of that name.
--
-- Does what KanthorQ's ConsumerRegister does, table for table, so that a Go subscriber can use the result, but for one
-- thing: the index gets a name of its own. KanthorQ gives the same name to all of them, and so only the first consumer
-- of a schema ever gets one.
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
begin
  perform kanthorq_schema._kanthorq_check_name('consumer', kanthorq_consumer_register.name);
  perform kanthorq_schema._kanthorq_check_subject_filters('subject_includes', kanthorq_consumer_register.subject_includes);
  perform kanthorq_schema._kanthorq_check_subject_filters('subject_excludes', kanthorq_consumer_register.subject_excludes);
  if cardinality(kanthorq_consumer_register.subject_includes) = 0 then
    raise exception 'subject_includes is empty'
      using errcode = 'KQ003', hint = 'Name at least one subject filter; array[''>''] takes every event of the stream.';
  end if;
  if kanthorq_consumer_register.attempt_max is null or kanthorq_consumer_register.attempt_max not between 1 and 32767 then
    raise exception 'attempt_max is %', coalesce(kanthorq_consumer_register.attempt_max::text, 'null')
      using errcode = 'KQ003', hint = 'Pass a number of attempts between 1 and 32767.';
  end if;
  if kanthorq_consumer_register.visibility_timeout is null
    or kanthorq_consumer_register.visibility_timeout not between 1 and 3155760000000 then
    raise exception 'visibility_timeout is %', coalesce(kanthorq_consumer_register.visibility_timeout::text, 'null')
      using errcode = 'KQ003', hint = 'Pass a number of milliseconds, up to a hundred years; 300000 is five minutes.';
  end if;

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
  if to_regclass(format('kanthorq_schema.%I', v_table)) is null then
    execute format(
      'create table kanthorq_schema.%I ('
      ' event_id varchar(64) not null primary key,'
      ' subject varchar(256) not null,'
      ' state smallint not null default %s,'
      ' schedule_at bigint not null default (extract(epoch from current_timestamp) * 1000),'
      ' finalized_at bigint not null default 0,'
      ' attempt_count smallint not null default 0,'
      ' attempted_at bigint not null default 0,'
      ' attempted_error jsonb[] not null default ''{}'','
      ' metadata jsonb not null default ''{}'','
      ' created_at bigint not null default (extract(epoch from current_timestamp) * 1000),'
      ' updated_at bigint not null default (extract(epoch from current_timestamp) * 1000)'
      ')',
      v_table,
      kanthorq_schema._kanthorq_task_state('available')
    );
    execute format(
      'create index %I on kanthorq_schema.%I (state, schedule_at, event_id)', v_table || '_scheduling', v_table
    );
  end if;
  return v_registry;
end
$function$;

comment on function kanthorq_schema.kanthorq_consumer_register is 'Registers a consumer of a stream and makes the table for its tasks; registering a name again returns the existing consumer.

stream              name of the stream, registered too if it is new
name                letters, digits and single underscores between them, at most 256 characters
subject_includes    filters of the subjects it wants, at least one: * is one token, > at the end is one or more
subject_excludes    filters of the subjects it does not want
attempt_max         attempts before a failing task is discarded, 1 to 32767
visibility_timeout  milliseconds after which a running task is picked up again

Returns the row of kanthorq_consumer_registry. Raises KQ003 for a bad argument, and for a consumer of another stream.';

revoke all on function kanthorq_schema.kanthorq_consumer_register from public;

-- function: kanthorq_stream_publish
-- Publishes one event to a stream.
--
-- Writes the row that KanthorQ's publisher writes; its subscribers find the event by its id, which sorts after all
-- that were made before it.
create or replace function
kanthorq_schema.kanthorq_stream_publish(
  stream text,
  subject text,
  body bytea,
  metadata jsonb default '{}'
)
returns text
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_stream record;
  v_id text;
begin
  perform kanthorq_schema._kanthorq_check_subject(subject);
  if body is null then
    raise exception 'body is null' using errcode = 'KQ003', hint = 'Pass the event''s bytes; an empty body is allowed.';
  end if;
  if metadata is null or jsonb_typeof(metadata) <> 'object' then
    raise exception 'metadata is %', coalesce(jsonb_typeof(metadata), 'null')
      using errcode = 'KQ003', hint = 'Pass a JSON object; the default is {}.';
  end if;
  v_stream := kanthorq_schema._kanthorq_stream(stream);

  v_id := kanthorq_schema._kanthorq_id('event');
  execute format('insert into %s (id, subject, body, metadata) values ($1, $2, $3, $4)', v_stream.event_table)
  using v_id, subject, body, metadata;
  return v_id;
end
$function$;

comment on function kanthorq_schema.kanthorq_stream_publish is 'Publishes one event to a stream.

stream    name of the stream
subject   letters and digits with single dots, hyphens or underscores between them, at most 256 characters
body      the payload; may be empty
metadata  a JSON object; a task made from the event carries it too

Returns the id of the event. Raises KQ001 if there is no such stream, KQ002 if its table is gone, KQ003 for a bad argument.';

revoke all on function kanthorq_schema.kanthorq_stream_publish from public;

-- function: kanthorq_stream_register
-- Registers a stream, or finds it: its row in kanthorq_stream_registry, and the table for its events.
--
-- Does what KanthorQ's StreamRegister does, table for table, so that a Go publisher can use the result.
-- Two sessions that register one name at once wait for each other on the registry row and get the same stream.
create or replace function kanthorq_schema.kanthorq_stream_register(name text)
returns kanthorq_schema.kanthorq_stream_registry
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
as $function$
#variable_conflict use_column
declare
  v_registry kanthorq_schema.kanthorq_stream_registry;
begin
  perform kanthorq_schema._kanthorq_check_name('stream', kanthorq_stream_register.name);

  insert into kanthorq_schema.kanthorq_stream_registry as r (id, name)
  values (kanthorq_schema._kanthorq_id('stream'), kanthorq_stream_register.name)
  on conflict (name) do update set updated_at = extract(epoch from current_timestamp) * 1000
  returning r.* into v_registry;

  if to_regclass(format('kanthorq_schema.%I', 'kanthorq_' || v_registry.id)) is null then
    execute format(
      'create table kanthorq_schema.%I ('
      ' id varchar(64) not null primary key,'
      ' subject varchar(256) not null,'
      ' body bytea not null,'
      ' metadata jsonb not null default ''{}'','
      ' created_at bigint not null default (extract(epoch from current_timestamp) * 1000)'
      ')',
      'kanthorq_' || v_registry.id
    );
  end if;
  return v_registry;
end
$function$;

comment on function kanthorq_schema.kanthorq_stream_register is 'Registers a stream and makes the table for its events; registering a name again returns the existing stream.

name  letters, digits and single underscores between them, at most 256 characters

Returns the row of kanthorq_stream_registry. Raises KQ003 for a name that KanthorQ would not accept.';

revoke all on function kanthorq_schema.kanthorq_stream_register from public;

-- function: kanthorq_task_cancel
-- Cancels tasks: pending, available and retryable ones will not be worked any more.
--
-- Writes what KanthorQ's own Cancel writes (state and finalized_at) and updated_at, in one statement of the caller's
-- transaction. A running task is left alone, for a worker may hold it; so is one that is finished.
create or replace function
kanthorq_schema.kanthorq_task_cancel(
  consumer text,
  event_ids text[],
  reason text default null,
  out updated text[],
  out noop text[]
)
returns record
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
as $function$
begin
  select t.updated, t.noop into updated, noop
  from kanthorq_schema._kanthorq_task_transition(
    consumer,
    event_ids,
    array[
      kanthorq_schema._kanthorq_task_state('pending'),
      kanthorq_schema._kanthorq_task_state('available'),
      kanthorq_schema._kanthorq_task_state('retryable')
    ],
    kanthorq_schema._kanthorq_task_state('cancelled'),
    'finalized_at = $4'
  ) t;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_cancel is 'Cancels tasks that are pending, available or retryable.

consumer   name of the consumer
event_ids  ids of the tasks'' events; any number, duplicates count once
reason     why, for the record

Returns one row of two arrays that hold each distinct id once, in the order of event_ids:
updated    the tasks that are now cancelled by this call
noop       ids of tasks that are in another state or do not exist

Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a bad argument; then nothing has changed.';

revoke all on function kanthorq_schema.kanthorq_task_cancel from public;

-- function: kanthorq_task_convert
-- Makes tasks of a consumer out of events of its stream.
--
-- Does what KanthorQ's TaskConvert does: each task takes its subject and metadata from the event and is due after the
-- consumer's visibility timeout; which events a consumer wants is decided by the caller, not here. Events that are not
-- in the stream, and those that the consumer has a task for already, are passed over.
-- Rows are inserted in event-id order, so that two calls with overlapping ids wait for each other but never deadlock.
create or replace function
kanthorq_schema.kanthorq_task_convert(
  consumer text,
  event_ids text[],
  initial_state text default 'available'
)
returns table (
  event_id text,
  subject text,
  state text,
  schedule_at timestamp with time zone,
  finalized_at timestamp with time zone,
  attempt_count int,
  attempted_at timestamp with time zone,
  attempted_error jsonb[],
  metadata jsonb,
  created_at timestamp with time zone,
  updated_at timestamp with time zone
)
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_state smallint := kanthorq_schema._kanthorq_task_state(initial_state);
  v_consumer record;
begin
  perform kanthorq_schema._kanthorq_check_event_ids(event_ids);
  v_consumer := kanthorq_schema._kanthorq_consumer(consumer);

  return query execute format(
    'with made as ('
    ' insert into %s as t (event_id, subject, state, schedule_at, metadata)'
    ' select e.id, e.subject, $2, floor(extract(epoch from clock_timestamp()) * 1000) + $3, e.metadata'
    ' from %s e where e.id = any ($1) order by e.id'
    ' on conflict (event_id) do nothing'
    ' returning t.*'
    ')'
    ' select m.event_id::text, m.subject::text, s.name, to_timestamp(m.schedule_at / 1000.0),'
    ' to_timestamp(nullif(m.finalized_at, 0) / 1000.0), m.attempt_count::integer,'
    ' to_timestamp(nullif(m.attempted_at, 0) / 1000.0), m.attempted_error, m.metadata,'
    ' to_timestamp(m.created_at / 1000.0), to_timestamp(m.updated_at / 1000.0)'
    ' from made m'
    ' join kanthorq_schema._kanthorq_task_states() s on s.code = m.state'
    ' join (select id, min(n) as n from unnest($1) with ordinality i (id, n) group by id) i on i.id = m.event_id'
    ' order by i.n',
    v_consumer.task_table,
    kanthorq_schema._kanthorq_table(
      (v_consumer.registry).stream_id, 'stream ' || quote_literal((v_consumer.registry).stream_name)
    )
  )
  using event_ids, v_state, (v_consumer.registry).visibility_timeout;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_convert is 'Makes tasks of a consumer out of events of its stream.

consumer       name of the consumer
event_ids      ids of the events; any number, duplicates count once
initial_state  state of the new tasks: pending, available, running or any other

Returns the tasks that are new, in the order of event_ids. Events that are unknown or that the consumer has a task for are
passed over. Raises KQ001 if there is no such consumer, KQ002 if a table is gone, KQ003 for a bad argument.';

revoke all on function kanthorq_schema.kanthorq_task_convert from public;

-- function: kanthorq_task_resume
-- Resumes tasks: discarded and cancelled ones will be worked again.
--
-- They become running, not available: of KanthorQ's pullers one takes running tasks whose schedule_at has passed and
-- one takes retryable tasks, and nothing ever takes an available or a pending one. Both want
-- attempt_count <= attempt_max, so attempt_count is brought down to attempt_max where it is above: at least one attempt
-- is left, however often a task is resumed. schedule_at is now, not where back-off had put it hours ahead.
-- attempted_error and metadata stay.
create or replace function
kanthorq_schema.kanthorq_task_resume(
  consumer text,
  event_ids text[],
  reason text default null,
  schedule_at timestamp with time zone default null,
  reset_attempts boolean default false,
  out updated text[],
  out noop text[]
)
returns record
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
as $function$
begin
  if not isfinite(schedule_at) then
    raise exception 'schedule_at is %', schedule_at
      using errcode = 'KQ003', hint = 'Pass a point in time, or null for now.';
  end if;
  select t.updated, t.noop into updated, noop
  from kanthorq_schema._kanthorq_task_transition(
    consumer,
    event_ids,
    array[kanthorq_schema._kanthorq_task_state('discarded'), kanthorq_schema._kanthorq_task_state('cancelled')],
    kanthorq_schema._kanthorq_task_state('running'),
    case
      when reset_attempts then 'finalized_at = 0, schedule_at = $5, attempt_count = 0'
      else 'finalized_at = 0, schedule_at = $5, attempt_count = least(t.attempt_count, $6)'
    end,
    schedule_at
  ) t;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_resume is 'Resumes tasks that are discarded or cancelled, so that they are worked again. They become running, due at once or at schedule_at.

consumer        name of the consumer
event_ids       ids of the tasks'' events; any number, duplicates count once
reason          why, for the record
schedule_at     when they are due; null is now
reset_attempts  true gives them all their attempts back; otherwise at least one is left

Returns one row of two arrays that hold each distinct id once, in the order of event_ids:
updated         the tasks that are now resumed by this call
noop            ids of tasks that are in another state or do not exist

Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a bad argument; then nothing has changed.';

revoke all on function kanthorq_schema.kanthorq_task_resume from public;
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
-- function: _kanthorq_check_event_ids
drop function kanthorq_schema._kanthorq_check_event_ids;

-- function: _kanthorq_check_name
drop function kanthorq_schema._kanthorq_check_name;

-- function: _kanthorq_check_subject
drop function kanthorq_schema._kanthorq_check_subject;

-- function: _kanthorq_check_subject_filters
drop function kanthorq_schema._kanthorq_check_subject_filters;

-- function: _kanthorq_consumer
drop function kanthorq_schema._kanthorq_consumer;

-- function: _kanthorq_crockford
drop function kanthorq_schema._kanthorq_crockford;

-- function: _kanthorq_id
drop function kanthorq_schema._kanthorq_id;

-- function: _kanthorq_stream
drop function kanthorq_schema._kanthorq_stream;

-- function: _kanthorq_table
drop function kanthorq_schema._kanthorq_table;

-- function: _kanthorq_task_state
drop function kanthorq_schema._kanthorq_task_state;

-- function: _kanthorq_task_states
drop function kanthorq_schema._kanthorq_task_states;

-- function: _kanthorq_task_transition
drop function kanthorq_schema._kanthorq_task_transition;

-- function: kanthorq_consumer_register
drop function kanthorq_schema.kanthorq_consumer_register;

-- function: kanthorq_stream_publish
drop function kanthorq_schema.kanthorq_stream_publish;

-- function: kanthorq_stream_register
drop function kanthorq_schema.kanthorq_stream_register;

-- function: kanthorq_task_cancel
drop function kanthorq_schema.kanthorq_task_cancel;

-- function: kanthorq_task_convert
drop function kanthorq_schema.kanthorq_task_convert;

-- function: kanthorq_task_resume
drop function kanthorq_schema.kanthorq_task_resume;
$sql$, 'kanthorq_schema', quote_ident(current_schema()));
end
$migration$;
