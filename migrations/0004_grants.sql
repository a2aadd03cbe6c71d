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
-- function: _kanthorq_as_time
-- The SQL that makes a time of epoch milliseconds, as text.
--
-- One nonsensical value, in nanoseconds perhaps, must not keep anybody from seeing the others: it shows as the nearest time
-- there is, up to the year 275760, where JavaScript's dates end.
create or replace function kanthorq_schema._kanthorq_as_time(milliseconds text)
returns text
language sql
immutable
security definer
set search_path to pg_catalog, pg_temp
as $function$
select format(
  'to_timestamp(case when %1$s < 0 then 0 when %1$s > 8640000000000000 then 8640000000000000 else %1$s end / 1000.0)',
  milliseconds
)
$function$;

comment on function kanthorq_schema._kanthorq_as_time is 'Internal. The SQL that makes a time of epoch milliseconds.';

revoke all on function kanthorq_schema._kanthorq_as_time from public;

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
    raise exception '% is not a % name', kanthorq_schema._kanthorq_shown(name), kind
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
    raise exception '% is not a subject', kanthorq_schema._kanthorq_shown(subject)
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
  select kanthorq_schema._kanthorq_shown(f.filter) into v_bad
  from unnest(filters) f (filter)
  where f.filter is null
    or length(f.filter) > 256
    or f.filter !~ '^(>|([a-zA-Z0-9]+([_-]?[a-zA-Z0-9]+)*|[*])([.]([a-zA-Z0-9]+([_-]?[a-zA-Z0-9]+)*|[*]))*([.]>)?)$'
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
    raise exception 'there is no consumer %', kanthorq_schema._kanthorq_shown(consumer)
      using errcode = 'KQ001',
        hint = 'Names are case-sensitive. To list them: select name from kanthorq_schema.kanthorq_consumer_registry';
  end if;
  task_table := kanthorq_schema._kanthorq_table(registry.id::text, 'event_id', 'consumer ' || kanthorq_schema._kanthorq_shown(consumer));
end
$function$;

comment on function kanthorq_schema._kanthorq_consumer is 'Internal. The registry row and the task table of a consumer; KQ001 or KQ002 if either is missing.';

revoke all on function kanthorq_schema._kanthorq_consumer from public;

-- function: _kanthorq_find_table
-- The table that holds the events of a stream or the tasks of a consumer, given the id from its registry row; null if there is
-- none. key is the column that such a table has: id or event_id.
--
-- KanthorQ names it `kanthorq_` || id and keeps it in the schema of its registries (entities.Collection).
create or replace function kanthorq_schema._kanthorq_find_table(id text, key text)
returns regclass
language sql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
select c.oid::regclass
from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.attname = key
where c.relname = 'kanthorq_' || id and c.relnamespace = 'kanthorq_schema'::regnamespace and c.relkind in ('r', 'p')
$function$;

comment on function kanthorq_schema._kanthorq_find_table is 'Internal. The table behind a stream id or a consumer id, or null.';

revoke all on function kanthorq_schema._kanthorq_find_table from public;

-- function: _kanthorq_function_levels
-- Who may call what: the level that each function of the API belongs to. An operator may call what a viewer may; what is
-- the owner's is granted to nobody.
--
-- The procedures that commit run as their caller, so whoever may call one needs what it calls: kanthorq_task_all and
-- kanthorq_task_batch.
create or replace function kanthorq_schema._kanthorq_function_levels(out name text, out level text)
returns setof record
language sql
immutable
security definer
set search_path to pg_catalog, pg_temp
as $function$
values
  ('kanthorq_doctor', 'viewer'),
  ('kanthorq_task_count', 'viewer'),
  ('kanthorq_task_explain', 'viewer'),
  ('kanthorq_task_find', 'viewer'),
  ('kanthorq_task_operations', 'viewer'),
  ('kanthorq_task_stats', 'viewer'),
  ('kanthorq_task_all', 'operator'),
  ('kanthorq_task_batch', 'operator'),
  ('kanthorq_task_cancel', 'operator'),
  ('kanthorq_task_cancel_all', 'operator'),
  ('kanthorq_task_discard', 'operator'),
  ('kanthorq_task_discard_all', 'operator'),
  ('kanthorq_task_resume', 'operator'),
  ('kanthorq_task_resume_all', 'operator'),
  ('kanthorq_task_undo', 'operator'),
  ('kanthorq_consumer_register', 'owner'),
  ('kanthorq_grant', 'owner'),
  ('kanthorq_revoke', 'owner'),
  ('kanthorq_stream_publish', 'owner'),
  ('kanthorq_stream_register', 'owner'),
  ('kanthorq_task_convert', 'owner'),
  ('kanthorq_task_operation_purge', 'owner')
$function$;

comment on function kanthorq_schema._kanthorq_function_levels is 'Internal. The level that may call each function of the API.';

revoke all on function kanthorq_schema._kanthorq_function_levels from public;

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
  v_at bigint := floor(extract(epoch from clock_timestamp()) * 1000000)::bigint;
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

-- function: _kanthorq_newest_migration
-- The name of the newest migration, which is the one that brought this function. For kanthorq_doctor.
create or replace function kanthorq_schema._kanthorq_newest_migration()
returns text
language sql
immutable
security definer
set search_path to pg_catalog, pg_temp
as $function$
select '0004_grants'
$function$;

comment on function kanthorq_schema._kanthorq_newest_migration is 'Internal. The name of the newest migration.';

revoke all on function kanthorq_schema._kanthorq_newest_migration from public;

-- function: _kanthorq_set_level
-- Takes all functions of the API from a role, and gives it those of a level: what kanthorq_grant and kanthorq_revoke have in
-- common. A level of null gives none.
--
-- The owner is refused: the functions call each other as their owner, and would all fail if it lost the right to.
create or replace function kanthorq_schema._kanthorq_set_level(role text, level text)
returns void
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_role name;
  v_all text;
  v_granted text;
begin
  select r.rolname into v_role from pg_roles r where r.rolname = role;
  if not found then
    raise exception 'there is no role %', kanthorq_schema._kanthorq_shown(role)
      using errcode = 'KQ003', hint = 'Name a role that exists; CREATE ROLE makes one. PUBLIC can''t be given anything here.';
  end if;
  if v_role = current_user then
    raise exception '% owns the functions', quote_literal(v_role)
      using errcode = 'KQ003', hint = 'The owner may call everything, always. Name another role.';
  end if;

  -- Of two GRANTs on the same function at once PostgreSQL refuses one, with an internal error.
  perform pg_advisory_xact_lock(hashtext('kanthorq_schema._kanthorq_set_level'));

  select string_agg(p.oid::regprocedure::text, ', '),
    string_agg(p.oid::regprocedure::text, ', ') filter (
      where l.level = 'viewer' or l.level = _kanthorq_set_level.level
    )
  into v_all, v_granted
  from kanthorq_schema._kanthorq_function_levels() l
  join pg_proc p on p.proname = l.name and p.pronamespace = 'kanthorq_schema'::regnamespace;

  execute format('revoke all on routine %s from %I', v_all, v_role);
  if level is not null then
    execute format('grant execute on routine %s to %I', v_granted, v_role);
    if not has_schema_privilege(v_role, 'kanthorq_schema'::regnamespace, 'usage') then
      execute format('grant usage on schema %s to %I', 'kanthorq_schema'::regnamespace, v_role);
    end if;
  end if;
end
$function$;

comment on function kanthorq_schema._kanthorq_set_level is 'Internal. Gives a role the functions of a level, and no others.';

revoke all on function kanthorq_schema._kanthorq_set_level from public;

-- function: _kanthorq_shown
-- A value for a message: quoted, and only its beginning if it is long.
create or replace function kanthorq_schema._kanthorq_shown(value text)
returns text
language sql
immutable
security definer
set search_path to pg_catalog, pg_temp
as $function$
select case
  when value is null then 'null'
  when length(value) > 100 then quote_literal(left(value, 100)) || '…'
  else quote_literal(value)
end
$function$;

comment on function kanthorq_schema._kanthorq_shown is 'Internal. A value, quoted and cut short for a message.';

revoke all on function kanthorq_schema._kanthorq_shown from public;

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
    raise exception 'there is no stream %', kanthorq_schema._kanthorq_shown(stream)
      using errcode = 'KQ001',
        hint = 'Names are case-sensitive. To list them: select name from kanthorq_schema.kanthorq_stream_registry';
  end if;
  event_table := kanthorq_schema._kanthorq_table(registry.id::text, 'id', 'stream ' || kanthorq_schema._kanthorq_shown(stream));
end
$function$;

comment on function kanthorq_schema._kanthorq_stream is 'Internal. The registry row and the event table of a stream; KQ001 or KQ002 if either is missing.';

revoke all on function kanthorq_schema._kanthorq_stream from public;

-- function: _kanthorq_table
select set_config('kanthorq.grantees', coalesce((
  select string_agg(a.grantee::regrole::text, ', ')
  from pg_proc p, aclexplode(p.proacl) a
  where p.oid = 'kanthorq_schema._kanthorq_table'::regproc and a.grantee not in (0, p.proowner)
), ''), true);
drop function kanthorq_schema._kanthorq_table;
-- its new declaration:
-- The table behind a stream id or a consumer id, like _kanthorq_find_table, but raises KQ002 when there is none.
--
-- owner says whose table it is, for the message. The result prints qualified and quoted, ready for format('%s').
create or replace function kanthorq_schema._kanthorq_table(id text, key text, owner text)
returns regclass
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_table regclass := kanthorq_schema._kanthorq_find_table(id, key);
begin
  if v_table is null then
    raise exception 'the table % of % is gone', format('kanthorq_schema.%I', 'kanthorq_' || id), owner
      using errcode = 'KQ002',
        hint = 'Restore the table from a backup. Registering the name again would make an empty one.';
  end if;
  return v_table;
end
$function$;

comment on function kanthorq_schema._kanthorq_table is 'Internal. The table behind a stream id or a consumer id; KQ002 if it is gone.';

revoke all on function kanthorq_schema._kanthorq_table from public;
-- its grants again:
do $grants$
begin
  if current_setting('kanthorq.grantees') <> '' then
    execute 'grant execute on function kanthorq_schema._kanthorq_table to ' || current_setting('kanthorq.grantees');
  end if;
end
$grants$;

-- function: _kanthorq_task_action
select set_config('kanthorq.grantees', coalesce((
  select string_agg(a.grantee::regrole::text, ', ')
  from pg_proc p, aclexplode(p.proacl) a
  where p.oid = 'kanthorq_schema._kanthorq_task_action'::regproc and a.grantee not in (0, p.proowner)
), ''), true);
drop function kanthorq_schema._kanthorq_task_action;
-- its new declaration:
-- What cancel, resume and discard are: the one place where a transition is defined.
--
-- from_states and condition say which tasks it takes, to_state and assignments what it writes. The two texts are SQL about
-- the task t; they may use $1, now in epoch milliseconds, and $2, the consumer's attempt_max; assignments also $6, when the
-- task is due in epoch milliseconds. attempts is what becomes of attempt_count, null if it and schedule_at are left alone.
--
-- - Cancel writes what KanthorQ's own Cancel writes. A running task is not taken, for a worker may hold it.
-- - Resume makes tasks running, not available: of KanthorQ's pullers one takes running tasks whose schedule_at has passed
--   and one takes retryable tasks; nothing ever takes an available or a pending one. Both want
--   attempt_count <= attempt_max, so attempt_count comes down to attempt_max where it is above: one attempt is left,
--   however often a task is resumed.
-- - Discard takes running tasks that are overdue and have spent their attempts: those that no puller will ever take.
create or replace function
kanthorq_schema._kanthorq_task_action(
  action text,
  reset_attempts boolean,
  out from_states smallint[],
  out condition text,
  out to_state smallint,
  out assignments text,
  out attempts text
)
returns record
language plpgsql
immutable
security definer
set search_path to pg_catalog, pg_temp
as $function$
begin
  condition := 'true';
  case action
    when 'cancel' then
      from_states := array[
        kanthorq_schema._kanthorq_task_state('pending'),
        kanthorq_schema._kanthorq_task_state('available'),
        kanthorq_schema._kanthorq_task_state('retryable')
      ];
      to_state := kanthorq_schema._kanthorq_task_state('cancelled');
      assignments := 'finalized_at = $1';
    when 'resume' then
      from_states := array[
        kanthorq_schema._kanthorq_task_state('discarded'),
        kanthorq_schema._kanthorq_task_state('cancelled')
      ];
      to_state := kanthorq_schema._kanthorq_task_state('running');
      attempts := case when reset_attempts then '0::smallint' else 'least(t.attempt_count, $2)' end;
      assignments := 'finalized_at = 0, schedule_at = $6, attempt_count = ' || attempts;
    when 'discard' then
      from_states := array[kanthorq_schema._kanthorq_task_state('running')];
      condition := 't.schedule_at < $1 and t.attempt_count > $2';
      to_state := kanthorq_schema._kanthorq_task_state('discarded');
      assignments := 'finalized_at = $1';
    else
      raise exception '% is not an action', kanthorq_schema._kanthorq_shown(action)
        using errcode = 'KQ003', hint = 'The actions are cancel, resume and discard.';
  end case;
end
$function$;

comment on function kanthorq_schema._kanthorq_task_action is 'Internal. Which tasks cancel, resume or discard takes, and what it writes; KQ003 for another word.';

revoke all on function kanthorq_schema._kanthorq_task_action from public;
-- its grants again:
do $grants$
begin
  if current_setting('kanthorq.grantees') <> '' then
    execute 'grant execute on function kanthorq_schema._kanthorq_task_action to ' || current_setting('kanthorq.grantees');
  end if;
end
$grants$;

-- function: _kanthorq_task_columns
-- The SELECT list that makes a kanthorq_task out of a row t of a consumer's table.
--
-- It wants $1, now in epoch milliseconds, and $2, the consumer's attempt_max. KanthorQ writes 0 where a time is not known
-- yet; here that is null.
create or replace function kanthorq_schema._kanthorq_task_columns()
returns text
language sql
immutable
security definer
set search_path to pg_catalog, pg_temp
as $function$
select format(
  't.event_id::text, t.subject::text, case t.state %s end, t.state = any (%L) and %s, %s, %s, t.attempt_count::integer,'
  ' $2::integer, %s, t.attempted_error[array_upper(t.attempted_error, 1)] ->> ''error'', t.metadata, %s, %s',
  (select string_agg(format('when %s then %L', s.code, s.name), ' ') from kanthorq_schema._kanthorq_task_states() s),
  d.from_states,
  d.condition,
  kanthorq_schema._kanthorq_as_time('nullif(t.schedule_at, 0)'),
  kanthorq_schema._kanthorq_as_time('nullif(t.finalized_at, 0)'),
  kanthorq_schema._kanthorq_as_time('nullif(t.attempted_at, 0)'),
  kanthorq_schema._kanthorq_as_time('t.created_at'),
  kanthorq_schema._kanthorq_as_time('t.updated_at')
)
from kanthorq_schema._kanthorq_task_action('discard', false) d
$function$;

comment on function kanthorq_schema._kanthorq_task_columns is 'Internal. The SELECT list that makes a kanthorq_task.';

revoke all on function kanthorq_schema._kanthorq_task_columns from public;

-- function: _kanthorq_task_filter
-- The common filter as SQL: a condition about the task t, and the values that it wants as parameters.
--
-- The condition names only what is asked for, so that PostgreSQL plans for that. Its parameters are $3 codes, $4 subject,
-- $5 metadata, $6 error, $7 created_from and $8 created_to. empty is true if the filter lets everything through.
-- Raises KQ003 for an unknown state, an empty list of states, an empty text, metadata that is no object, or a time that is
-- infinite.
create or replace function
kanthorq_schema._kanthorq_task_filter(
  states text[],
  subject text,
  metadata jsonb,
  error text,
  created_after timestamp with time zone,
  created_before timestamp with time zone,
  out condition text,
  out codes smallint[],
  out subject_pattern text,
  out created_from bigint,
  out created_to bigint,
  out empty boolean
)
returns record
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
begin
  condition := 'true';
  if states is not null then
    if cardinality(states) = 0 or array_ndims(states) > 1 then
      raise exception 'states is not a list of at least one state'
        using errcode = 'KQ003', hint = 'Pass null for tasks in any state.';
    end if;
    codes := array(select kanthorq_schema._kanthorq_task_state(s) from unnest(states) s);
    condition := condition || ' and t.state = any ($3)';
  end if;
  if subject is not null then
    if subject = '' then
      raise exception 'subject is empty'
        using errcode = 'KQ003', hint = 'Pass null for any subject, or a filter such as order.>';
    end if;
    if length(subject) > 256 then
      raise exception 'subject has % characters', length(subject)
        using errcode = 'KQ003', hint = 'No subject has more than 256.';
    end if;
    if subject ~ '[*>]' then
      subject_pattern := kanthorq_schema._kanthorq_subject_pattern(subject);
      condition := condition || ' and t.subject ~ $4';
    else
      subject_pattern := subject;
      condition := condition || ' and t.subject = $4';
    end if;
  end if;
  if metadata is not null then
    if jsonb_typeof(metadata) <> 'object' then
      raise exception 'metadata is not an object but %', jsonb_typeof(metadata)
        using errcode = 'KQ003', hint = 'Pass what the tasks'' metadata has to contain: {"customer": "42"}';
    end if;
    condition := condition || ' and t.metadata @> $5';
  end if;
  if error is not null then
    if error = '' then
      raise exception 'error is empty'
        using errcode = 'KQ003', hint = 'Pass null for any error, or a part of the last error''s text.';
    end if;
    condition := condition
      || ' and strpos(t.attempted_error[array_upper(t.attempted_error, 1)] ->> ''error'', $6) > 0';
  end if;
  if not isfinite(created_after) or not isfinite(created_before) then
    raise exception 'created_after or created_before is infinite'
      using errcode = 'KQ003', hint = 'Pass points in time, or null for no limit.';
  end if;
  if created_after is not null then
    created_from := ceil(extract(epoch from created_after) * 1000)::bigint;
    condition := condition || ' and t.created_at >= $7';
  end if;
  if created_before is not null then
    created_to := ceil(extract(epoch from created_before) * 1000)::bigint;
    condition := condition || ' and t.created_at < $8';
  end if;
  empty := condition = 'true' or condition = 'true and t.metadata @> $5' and metadata = '{}';
end
$function$;

comment on function kanthorq_schema._kanthorq_task_filter is 'Internal. The common filter as an SQL condition and its parameters; KQ003 for a bad filter.';

revoke all on function kanthorq_schema._kanthorq_task_filter from public;

-- function: _kanthorq_task_progress
-- What the progress of a kanthorq_task_batch says; see there. It comes back from the caller, who may have changed it.
--
-- states is how many states the call walks through. Raises KQ003 for what no such call returns.
create or replace function
kanthorq_schema._kanthorq_task_progress(
  progress jsonb,
  states int,
  out started bigint,
  out done bigint,
  out step double precision,
  out walk int,
  out schedule_at bigint,
  out event_id text
)
returns record
language plpgsql
immutable
security definer
set search_path to pg_catalog, pg_temp
as $function$
begin
  begin
    select p.* into started, done, step, walk, schedule_at, event_id
    from jsonb_to_record(progress) p (
      started bigint, done bigint, step double precision, walk integer, schedule_at bigint, event_id text
    );
  exception when data_exception or invalid_parameter_value then
    started := null;
  end;
  -- Until the year 275760, where JavaScript's dates end.
  if (
    started between 0 and 8640000000000000 and done between 0 and 1000000000000000 and walk between 0 and states
    and coalesce(step between 0 and 3155760000000, true)
  ) is not true then
    raise exception 'progress is not one of this call: %', left(progress::text, 100)
      using errcode = 'KQ003', hint = 'Pass null to begin, then what the batch before returned, with the other arguments unchanged.';
  end if;
end
$function$;

comment on function kanthorq_schema._kanthorq_task_progress is 'Internal. The parts of a progress; KQ003 for one that no batch returned.';

revoke all on function kanthorq_schema._kanthorq_task_progress from public;

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
    raise exception '% is not a task state', kanthorq_schema._kanthorq_shown(name)
      using errcode = 'KQ003',
        hint = 'The states are ' || (select string_agg(s.name, ', ') from kanthorq_schema._kanthorq_task_states() s) || '.';
  end if;
  return v_code;
end
$function$;

comment on function kanthorq_schema._kanthorq_task_state is 'Internal. The code of the state with this name; KQ003 if there is none.';

revoke all on function kanthorq_schema._kanthorq_task_state from public;

-- function: _kanthorq_task_transition
select set_config('kanthorq.grantees', coalesce((
  select string_agg(a.grantee::regrole::text, ', ')
  from pg_proc p, aclexplode(p.proacl) a
  where p.oid = 'kanthorq_schema._kanthorq_task_transition'::regproc and a.grantee not in (0, p.proowner)
), ''), true);
drop function kanthorq_schema._kanthorq_task_transition;
-- its new declaration:
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
-- its grants again:
do $grants$
begin
  if current_setting('kanthorq.grantees') <> '' then
    execute 'grant execute on function kanthorq_schema._kanthorq_task_transition to ' || current_setting('kanthorq.grantees');
  end if;
end
$grants$;

-- function: _kanthorq_task_why
select set_config('kanthorq.grantees', coalesce((
  select string_agg(a.grantee::regrole::text, ', ')
  from pg_proc p, aclexplode(p.proacl) a
  where p.oid = 'kanthorq_schema._kanthorq_task_why'::regproc and a.grantee not in (0, p.proowner)
), ''), true);
drop function kanthorq_schema._kanthorq_task_why;
-- its new declaration:
-- Where a task stands, as a sentence for kanthorq_task_explain.
--
-- A state that has no name comes as its code. Times are shown in the session's time zone, to the second.
create or replace function
kanthorq_schema._kanthorq_task_why(
  state text,
  schedule_at timestamp with time zone,
  finalized_at timestamp with time zone,
  attempt_count smallint,
  attempt_max smallint,
  last_error text,
  now timestamp with time zone
)
returns text
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_due text := date_trunc('second', schedule_at)::text;
  v_done text := coalesce(' at ' || date_trunc('second', finalized_at), '');
  v_spent boolean := attempt_count > attempt_max;
  v_overdue boolean := schedule_at < now;
  v_attempts text := format('attempts spent (%s of %s)', attempt_count, attempt_max);
begin
  return case
    when state is null then 'not found: the consumer has no task of this event'
    when state ~ '[0-9]' then format('in state %s, which is none of KanthorQ''s: nothing here does anything with it', state)
    when state = 'pending' then 'pending: no worker takes it until a person acts; cancel it, then resume it'
    when state = 'available' then 'available, but no worker of KanthorQ takes available tasks; cancel it, then resume it'
    when state = 'completed' then format('completed%s: there is nothing left to do', v_done)
    when state = 'cancelled' then format('cancelled%s; resume it to have it worked again', v_done)
    when state = 'discarded' then format(
      'discarded%s after %s attempts%s; resume it to have it worked again', v_done, attempt_count, coalesce(': ' || last_error, '')
    )
    when state = 'retryable' and v_spent then format('retryable, %s: no worker will take it; cancel it, then resume it', v_attempts)
    when state = 'retryable' and v_overdue then 'retryable and due: the next free worker takes it'
    when state = 'retryable' then format('retryable, due at %s', v_due)
    when v_overdue and v_spent then format('running, overdue, %s: no worker will take it; discard it', v_attempts)
    when v_overdue then 'running and overdue: the next free worker picks it up again'
    when v_spent then format('running until %s, %s: no worker will take it after that; then discard it', v_due, v_attempts)
    else format('running until %s, then picked up again', v_due)
  end;
end
$function$;

comment on function kanthorq_schema._kanthorq_task_why is 'Internal. Where a task stands, as a sentence.';

revoke all on function kanthorq_schema._kanthorq_task_why from public;
-- its grants again:
do $grants$
begin
  if current_setting('kanthorq.grantees') <> '' then
    execute 'grant execute on function kanthorq_schema._kanthorq_task_why to ' || current_setting('kanthorq.grantees');
  end if;
end
$grants$;

-- function: kanthorq_doctor
-- Looks for what is wrong in this database and says how to mend it. Changes nothing.
--
-- fix is one SQL statement, or several, that mend the finding; where a person has to decide first it is a comment, so that
-- all of them may be handed to \gexec.
create or replace function kanthorq_schema.kanthorq_doctor()
returns table (
  "check" text,
  severity text,
  detail text,
  fix text
)
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_consumer record;
  v_stuck bigint;
  v_parked bigint;
begin
  -- Registry rows without a table, and tables without a registry row.
  return query
  select 'table is gone', 'error',
    format('%s %L is registered, but its table %s does not exist', r.kind, r.name, r.task_table),
    format('-- restore the table from a backup, or: delete from %s where name = %L', r.registry, r.name)
  from (
    select 'consumer' as kind, c.name, c.id::text, 'event_id' as key, format('kanthorq_schema.%I', 'kanthorq_' || c.id) as task_table,
      'kanthorq_schema.kanthorq_consumer_registry' as registry
    from kanthorq_schema.kanthorq_consumer_registry c
    union all
    select 'stream', s.name, s.id::text, 'id', format('kanthorq_schema.%I', 'kanthorq_' || s.id), 'kanthorq_schema.kanthorq_stream_registry'
    from kanthorq_schema.kanthorq_stream_registry s
  ) r
  where kanthorq_schema._kanthorq_find_table(r.id, r.key) is null
  order by r.kind, r.name;

  return query
  select 'table is nobody''s', 'warning',
    format('table %s belongs to no %s of the registry', c.oid::regclass, substring(c.relname from '^kanthorq_([a-z]+)_')),
    format('-- put the registry row back, or, if nobody needs the rows: drop table %s', c.oid::regclass)
  from pg_class c
  where c.relnamespace = 'kanthorq_schema'::regnamespace
    and c.relkind in ('r', 'p') and not c.relispartition
    and c.relname ~ '^kanthorq_(consumer|stream)_[0-9a-z]{26}$'
    and not exists (select from kanthorq_schema.kanthorq_consumer_registry r where c.relname = 'kanthorq_' || r.id)
    and not exists (select from kanthorq_schema.kanthorq_stream_registry r where c.relname = 'kanthorq_' || r.id)
  order by c.relname;

  -- KanthorQ gives the index the same name for each consumer, so only the first gets one. One that was left invalid, because
  -- making it was interrupted, has the name that a new one would have.
  return query
  select 'no scheduling index', 'warning',
    format('consumer %L has no usable index on (state, schedule_at): workers and bulk calls look at the whole table', r.name),
    case when i.indisvalid is false
      then format('reindex index concurrently %s', i.indexrelid::regclass)
      else format(
        'create index %s%I on %s (state, schedule_at, event_id)',
        case when c.relkind = 'p' then '' else 'concurrently ' end, c.relname || '_scheduling', c.oid::regclass
      )
    end
  from kanthorq_schema.kanthorq_consumer_registry r
  join pg_class c on c.oid = kanthorq_schema._kanthorq_find_table(r.id::text, 'event_id')
  left join pg_index i on i.indexrelid = to_regclass(format('kanthorq_schema.%I', c.relname || '_scheduling'))
  where not kanthorq_schema._kanthorq_has_scheduling_index(c.oid::regclass)
  order by r.name;

  for v_consumer in
    select r.name, c.oid::regclass as task_table, r.attempt_max
    from kanthorq_schema.kanthorq_consumer_registry r
    join pg_class c on c.oid = kanthorq_schema._kanthorq_find_table(r.id::text, 'event_id')
    order by r.name
  loop
    execute format(
      'select count(*) filter (where t.state = any ($3) and %s), count(*) filter (where t.state = $4) from %s t',
      (kanthorq_schema._kanthorq_task_action('discard', false)).condition,
      v_consumer.task_table
    )
    into v_stuck, v_parked
    using extract(epoch from clock_timestamp()) * 1000, v_consumer.attempt_max,
      (kanthorq_schema._kanthorq_task_action('discard', false)).from_states, kanthorq_schema._kanthorq_task_state('available');

    if v_stuck > 0 then
      return query values (
        'stuck tasks', 'warning',
        format('consumer %L has %s tasks that are running, overdue and out of attempts: no worker will ever take them', v_consumer.name, v_stuck),
        format('call kanthorq_schema.kanthorq_task_discard_all(%L, everything => true, reason => ''kanthorq_doctor'')', v_consumer.name)
      );
    end if;
    if v_parked > 0 then
      return query values (
        'tasks in available', 'info',
        format('consumer %L has %s available tasks; no worker of KanthorQ takes available tasks unless it has just made them', v_consumer.name, v_parked),
        format('-- to have them worked: call kanthorq_schema.kanthorq_task_cancel_all(%1$L, states => ''{available}''), then kanthorq_schema.kanthorq_task_resume_all(%1$L, states => ''{cancelled}'')', v_consumer.name)
      );
    end if;
  end loop;

  return query
  select 'PUBLIC may execute', 'error',
    format('anybody may execute %s', p.oid::regprocedure),
    format('revoke execute on routine %s from public', p.oid::regprocedure)
  from pg_proc p
  where p.pronamespace = 'kanthorq_schema'::regnamespace
    and p.proname ~ '^_?kanthorq_'
    and exists (
      select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
      where a.grantee = 0 and a.privilege_type = 'EXECUTE'
    )
  order by p.oid::regprocedure::text;

  -- Whoever may make a function there can have people call it instead of ours.
  return query
  select 'schema is open', 'error',
    format('anybody may create objects in schema %s, and so put a function in the way of somebody''s call', n.oid::regnamespace),
    format('revoke create on schema %s from public', n.oid::regnamespace)
  from pg_namespace n
  where n.oid = 'kanthorq_schema'::regnamespace
    and exists (
      select from aclexplode(n.nspacl) a where a.grantee = 0 and a.privilege_type = 'CREATE'
    );

  return query
  select 'migrations', 'warning',
    format('migration %s is not recorded in kanthorq_migrations', kanthorq_schema._kanthorq_newest_migration()),
    '-- npx kanthorq-tasks migrate up, or kanthorq-tasks.sql through psql'
  where not kanthorq_schema._kanthorq_is_migrated(kanthorq_schema._kanthorq_newest_migration());
end
$function$;

comment on function kanthorq_schema.kanthorq_doctor is 'Looks for what is wrong in this database and says how to mend it. Changes nothing; looks at every task.

Returns a row for each finding, none if all is well:
check     what was looked at: table is gone, table is nobody''s, no scheduling index, stuck tasks, tasks in available, PUBLIC may
          execute, schema is open, migrations
severity  error, warning or info
detail    what was found, and what follows from it
fix       the SQL that mends it; a comment where a person has to decide first. So this is safe:
          select fix from kanthorq_doctor() \gexec';

revoke all on function kanthorq_schema.kanthorq_doctor from public;

-- function: kanthorq_grant
-- Gives a role the rights of a viewer or of an operator. It needs no others: the functions run as their owner.
--
-- The role has exactly the rights of that level afterwards, so that the same call raises a viewer, lowers an operator, and
-- brings either up to date after a migration that added functions.
create or replace function kanthorq_schema.kanthorq_grant(role text, level text)
returns void
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
as $function$
begin
  if level is null or level not in ('viewer', 'operator') then
    raise exception '% is not a level', kanthorq_schema._kanthorq_shown(level)
      using errcode = 'KQ003', hint = 'The levels are viewer and operator. kanthorq_revoke takes the rights away.';
  end if;
  perform kanthorq_schema._kanthorq_set_level(role, level);
end
$function$;

comment on function kanthorq_schema.kanthorq_grant is 'Gives a role the rights of a level, and takes from it those that the level does not have.

role   name of a role that exists, as in pg_roles; a group role serves all its members
level  viewer: explain, find, count, stats, operations, doctor
       operator: that, and cancel, resume, discard, their _all procedures, kanthorq_task_batch, and undo

The role needs no rights on any table; it gets USAGE on the schema if it has not. Registering, publishing, converting, purging the
log and granting stay with the owner. Raises KQ003 if there is no such role or level, or if the role is the owner.';

revoke all on function kanthorq_schema.kanthorq_grant from public;

-- function: kanthorq_revoke
-- Takes from a role what kanthorq_grant gave it, and whatever else it was granted on the functions of the API.
--
-- USAGE on the schema stays: it opens nothing by itself, and the role may have it for other reasons.
create or replace function kanthorq_schema.kanthorq_revoke(role text)
returns void
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
as $function$
begin
  perform kanthorq_schema._kanthorq_set_level(role, null);
end
$function$;

comment on function kanthorq_schema.kanthorq_revoke is 'Takes from a role all rights on the functions.

role  name of a role that exists, as in pg_roles

A role that has none is left as it is, and what it has by way of another role or as a superuser stays. Raises KQ003 if there is
no such role, or if the role is the owner.';

revoke all on function kanthorq_schema.kanthorq_revoke from public;

-- function: kanthorq_task_all
-- The loop of kanthorq_task_cancel_all, _resume_all and _discard_all: batch after batch, each committed.
--
-- A procedure that commits can be neither SECURITY DEFINER nor carry a SET clause, so this one runs as its caller, under
-- the caller's search_path: everything in it is qualified, and all the work is done by the definer function that does one
-- batch. Stopping it half-way loses nothing; calling it again goes on.
create or replace procedure
kanthorq_schema.kanthorq_task_all(
  action text,
  consumer text,
  states text[],
  subject text,
  metadata jsonb,
  error text,
  created_after timestamp with time zone,
  created_before timestamp with time zone,
  everything boolean,
  batch_size int,
  max_tasks bigint,
  pause interval,
  reason text,
  schedule_at timestamp with time zone,
  reset_attempts boolean,
  spread interval,
  inout updated bigint default null
)
language plpgsql
as $procedure$
declare
  v_batch pg_catalog.record;
  v_progress pg_catalog.jsonb;
begin
  -- A COMMIT always fails in this block, but with a text of its own where the caller is in a transaction. Better now than
  -- after the first batch. In a translated server the text is another, and PostgreSQL's own error comes at that COMMIT.
  begin
    commit;
  exception when invalid_transaction_termination then
    if sqlerrm operator(pg_catalog.=) 'invalid transaction termination' then
      raise exception 'kanthorq_task_%_all commits each batch, so it can''t be part of a transaction', action
        using errcode = 'active_sql_transaction',
          hint = 'Call it outside BEGIN and outside a function; or call kanthorq_task_batch, which does one batch in your transaction.';
    end if;
  end;

  if pause operator(pg_catalog.<) interval '0' or pause operator(pg_catalog.>) interval '1 day' then
    raise exception 'pause is %', pause using errcode = 'KQ003', hint = 'Pass an interval of at most a day, or null.';
  end if;

  updated := 0;
  loop
    select b.progress, b.updated, b.total into v_batch
    from kanthorq_schema.kanthorq_task_batch(
      action, consumer, states, subject, metadata, error, created_after, created_before, everything, batch_size,
      max_tasks, reason, schedule_at, reset_attempts, spread, v_progress
    ) b;
    commit;
    v_progress := v_batch.progress;
    if v_batch.updated operator(pg_catalog.>) 0 then
      updated := v_batch.total;
      raise notice '% %: % tasks so far', action, consumer, updated;
      if v_progress is not null and pause is not null then
        perform pg_catalog.pg_sleep_for(pause);
      end if;
    end if;
    exit when v_progress is null;
  end loop;
end
$procedure$;

comment on procedure kanthorq_schema.kanthorq_task_all is 'What kanthorq_task_cancel_all, kanthorq_task_resume_all and kanthorq_task_discard_all call; call those.

action          cancel, resume or discard
consumer        name of the consumer
states          only tasks in one of these states
subject         only tasks whose subject this filter matches: * is one token, > at the end is one or more
metadata        only tasks whose metadata contains this: {"customer": "42"}
error           only tasks whose last error contains this text, in this case
created_after   only tasks made at this time or later
created_before  only tasks made before this time
everything      has to be true if there is no filter at all
batch_size      how many tasks are moved, and committed, at once
max_tasks       how many tasks at most; null is no limit
pause           how long to wait between batches
reason          why, for the log
schedule_at     when resumed tasks are due; null is now
reset_attempts  true gives resumed tasks all their attempts back; otherwise at least one is left
spread          spreads resumed tasks evenly over this time, from schedule_at on
updated         the number of tasks';

revoke all on procedure kanthorq_schema.kanthorq_task_all from public;

-- function: kanthorq_task_batch
-- Does one batch of kanthorq_task_cancel_all, _resume_all or _discard_all, in the caller's transaction. For programs that
-- want to make the loop themselves: call it with progress null, then with what it returned, until that is null.
--
-- Rows that somebody else has locked are skipped, not waited for. Tasks that came, or were finished, after the first batch
-- are left alone: so it ends, and what fails again after being resumed is not resumed twice.
--
-- progress is where the next batch goes on. Where the table has an index that begins with (state, schedule_at), the
-- batches follow it, one state after the other, and never look at tasks in other states; otherwise they follow the key.
-- - started, done  when the first batch began, epoch milliseconds; how many tasks have been moved since
-- - step           milliseconds from one task to the next, if they are to be spread
-- - walk           which of the states it is at, counted from 1; 0 when it follows the key
-- - schedule_at, event_id  the last task that was looked at
create or replace function
kanthorq_schema.kanthorq_task_batch(
  action text,
  consumer text,
  states text[] default null,
  subject text default null,
  metadata jsonb default null,
  error text default null,
  created_after timestamp with time zone default null,
  created_before timestamp with time zone default null,
  everything boolean default false,
  batch_size int default 1000,
  max_tasks bigint default null,
  reason text default null,
  schedule_at timestamp with time zone default null,
  reset_attempts boolean default false,
  spread interval default null,
  inout progress jsonb default null,
  out updated bigint,
  out total bigint
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
  v_action record := kanthorq_schema._kanthorq_task_action(action, reset_attempts);
  v_consumer record := kanthorq_schema._kanthorq_consumer(consumer);
  v_filter record := kanthorq_schema._kanthorq_task_filter(
    states, subject, metadata, error, created_after, created_before
  );
  v_now bigint := floor(extract(epoch from clock_timestamp()) * 1000)::bigint;
  v_states smallint[];
  v_at record;
  v_walk integer;
  v_limit bigint;
  v_where text;
  v_ids text[];
  v_last_id text;
  v_last_schedule_at bigint;
begin
  if v_filter.empty and everything is not true then
    raise exception 'the filter is empty, so it would % all tasks of %', action, kanthorq_schema._kanthorq_shown(consumer)
      using errcode = 'KQ003', hint = 'Name states, a subject or the like; or pass everything => true if that is what you want.';
  end if;
  if batch_size is null or batch_size < 1 or max_tasks < 1 then
    raise exception 'batch_size is %, max_tasks is %', coalesce(batch_size::text, 'null'), coalesce(max_tasks::text, 'null')
      using errcode = 'KQ003', hint = 'Both have to be at least 1; a max_tasks of null is no limit.';
  end if;
  if not isfinite(schedule_at) or not isfinite(spread) or spread < interval '0' or spread > interval '100 years' then
    raise exception 'schedule_at is %, spread is %', coalesce(schedule_at::text, 'null'), coalesce(spread::text, 'null')
      using errcode = 'KQ003', hint = 'Pass a point in time and a positive interval of at most a hundred years, or null for now and for all at once.';
  end if;
  v_states := array(
    select s from unnest(v_action.from_states) s where v_filter.codes is null or s = any (v_filter.codes) order by s
  );
  if cardinality(v_states) = 0 then
    raise exception '% does not take tasks in state %', action, (select string_agg(distinct s, ', ') from unnest(states) s)
      using errcode = 'KQ003',
        hint = format('It takes %s.', (
          select string_agg(s.name, ', ') from kanthorq_schema._kanthorq_task_states() s
          where s.code = any (v_action.from_states)
        ));
  end if;

  -- Nothing that is newer than the first batch.
  v_where := v_filter.condition || ' and ' || v_action.condition || ' and t.created_at <= $9 and t.finalized_at <= $9';

  if progress is null then
    progress := jsonb_build_object(
      'started', v_now,
      'done', 0,
      'walk', kanthorq_schema._kanthorq_has_scheduling_index(v_consumer.task_table)::integer
    );
    if extract(epoch from spread) > 0 then
      execute format('select count(*) from %s t where t.state = any ($3) and %s', v_consumer.task_table, v_where)
      into total
      using v_now, (v_consumer.registry).attempt_max, v_states, v_filter.subject_pattern, metadata, error,
        v_filter.created_from, v_filter.created_to, v_now;
      progress := progress || jsonb_build_object(
        'step', extract(epoch from spread) * 1000 / greatest(least(total, max_tasks), 1)
      );
    end if;
  end if;

  v_at := kanthorq_schema._kanthorq_task_progress(progress, cardinality(v_states));
  total := v_at.done;
  v_walk := v_at.walk;
  v_limit := greatest(least(batch_size, max_tasks - total), 0);

  execute format(
    'with batch as ('
    ' select t.event_id::text, t.schedule_at from %s t where %s and %s limit $12 for no key update skip locked'
    ') select coalesce(array_agg(event_id order by event_id), ''{}''),'
    ' (array_agg(event_id order by schedule_at desc, event_id desc))[1], max(schedule_at) from batch',
    v_consumer.task_table,
    v_where,
    case
      when v_walk = 0 then 't.state = any ($3) and t.event_id > $10 order by t.event_id'
      else format(
        't.state = %s and (t.schedule_at, t.event_id) > ($11, $10) order by t.schedule_at, t.event_id', v_states[v_walk]
      )
    end
  )
  into v_ids, v_last_id, v_last_schedule_at
  using v_now, (v_consumer.registry).attempt_max, v_states, v_filter.subject_pattern, metadata, error,
    v_filter.created_from, v_filter.created_to, v_at.started,
    coalesce(v_at.event_id, ''), coalesce(v_at.schedule_at, -9223372036854775808),
    v_limit;

  updated := 0;
  if cardinality(v_ids) > 0 then
    select cardinality(t.updated)::bigint into updated
    from kanthorq_schema._kanthorq_task_transition(
      action, consumer, v_ids, reason,
      due => coalesce(schedule_at, to_timestamp(v_at.started / 1000.0)),
      reset_attempts => reset_attempts,
      spread_step => coalesce(v_at.step, 0),
      spread_from => total
    ) t;
    total := total + updated;
  end if;

  if total >= max_tasks or cardinality(v_ids) < v_limit and v_walk in (0, cardinality(v_states)) then
    progress := null;
  elsif cardinality(v_ids) < v_limit then
    progress := (progress || jsonb_build_object('done', total, 'walk', v_walk + 1)) - 'event_id' - 'schedule_at';
  else
    progress := progress || jsonb_build_object(
      'done', total,
      'event_id', case when v_walk = 0 then v_ids[cardinality(v_ids)] else v_last_id end,
      'schedule_at', v_last_schedule_at
    );
  end if;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_batch is 'Does one batch of kanthorq_task_cancel_all, kanthorq_task_resume_all or kanthorq_task_discard_all. For programs that make the loop themselves.

action          cancel, resume or discard
consumer        name of the consumer
states          only tasks in one of these states
subject         only tasks whose subject this filter matches: * is one token, > at the end is one or more
metadata        only tasks whose metadata contains this: {"customer": "42"}
error           only tasks whose last error contains this text, in this case
created_after   only tasks made at this time or later
created_before  only tasks made before this time
everything      has to be true if there is no filter at all
batch_size      how many tasks are moved, and committed, at once
max_tasks       how many tasks at most; null is no limit
reason          why, for the log
schedule_at     when resumed tasks are due; null is now
reset_attempts  true gives resumed tasks all their attempts back; otherwise at least one is left
spread          spreads resumed tasks evenly over this time, from schedule_at on
progress        null to begin; then what the batch before returned, until that is null, with all else unchanged

Returns one row:
progress   where the next batch goes on; null when there is nothing left to do
updated    how many tasks this batch moved; it can be 0 before the end
total      how many all batches so far moved

Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a bad argument or an empty filter.';

revoke all on function kanthorq_schema.kanthorq_task_batch from public;

-- function: kanthorq_task_cancel
-- Cancels tasks: pending, available and retryable ones will not be worked any more.
--
-- Writes state, finalized_at and updated_at, in one statement of the caller's transaction, and logs it there. A running
-- task is left alone, for a worker may hold it; so is one that is finished.
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
  from kanthorq_schema._kanthorq_task_transition('cancel', consumer, event_ids, reason, null::timestamptz, false, 0::float8, 0::bigint) t;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_cancel is 'Cancels tasks that are pending, available or retryable.

consumer   name of the consumer
event_ids  ids of the tasks'' events; any number, duplicates count once
reason     why, for the log

Returns one row of two arrays that hold each distinct id once, in the order of event_ids:
updated    the tasks that are now cancelled by this call
noop       ids of tasks that are in another state or do not exist

Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a bad argument; then nothing has changed.';

revoke all on function kanthorq_schema.kanthorq_task_cancel from public;

-- function: kanthorq_task_cancel_all
-- Cancels all pending, available and retryable tasks that a filter matches, batch by batch.
--
-- Commits each batch and says how many there were so far. Whatever stops it, whole batches are done and logged, and
-- calling it again goes on. Tasks that a worker or another session holds are skipped. See kanthorq_task_batch.
create or replace procedure
kanthorq_schema.kanthorq_task_cancel_all(
  consumer text,
  states text[] default null,
  subject text default null,
  metadata jsonb default null,
  error text default null,
  created_after timestamp with time zone default null,
  created_before timestamp with time zone default null,
  everything boolean default false,
  batch_size int default 1000,
  max_tasks bigint default null,
  pause interval default null,
  reason text default null,
  inout updated bigint default null
)
language plpgsql
as $procedure$
begin
  call kanthorq_schema.kanthorq_task_all(
    'cancel', consumer, states, subject, metadata, error, created_after, created_before, everything, batch_size,
    max_tasks, pause, reason, null::pg_catalog.timestamptz, false, null::pg_catalog.interval, updated
  );
end
$procedure$;

comment on procedure kanthorq_schema.kanthorq_task_cancel_all is 'Cancels all tasks that a filter matches and that are pending, available or retryable, batch by batch.

consumer        name of the consumer
states          only tasks in one of these states
subject         only tasks whose subject this filter matches: * is one token, > at the end is one or more
metadata        only tasks whose metadata contains this: {"customer": "42"}
error           only tasks whose last error contains this text, in this case
created_after   only tasks made at this time or later
created_before  only tasks made before this time
everything      has to be true if there is no filter at all
batch_size      how many tasks are moved, and committed, at once
max_tasks       how many tasks at most; null is no limit
pause           how long to wait between batches
reason          why, for the log

Returns the number of tasks as updated. It commits, so it can''t be called in a transaction. Raises KQ001 if there is no such consumer,
KQ002 if its table is gone, KQ003 for a bad argument or an empty filter.';

revoke all on procedure kanthorq_schema.kanthorq_task_cancel_all from public;

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
returns setof kanthorq_schema.kanthorq_task
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_state smallint := kanthorq_schema._kanthorq_task_state(initial_state);
  v_consumer record;
  v_now bigint := floor(extract(epoch from clock_timestamp()) * 1000)::bigint;
begin
  perform kanthorq_schema._kanthorq_check_event_ids(event_ids);
  v_consumer := kanthorq_schema._kanthorq_consumer(consumer);

  return query execute format(
    'with made as ('
    ' insert into %s as t (event_id, subject, state, schedule_at, metadata)'
    ' select e.id, e.subject, $4, $1 + $5, e.metadata'
    ' from %s e where e.id = any ($3) order by e.id'
    ' on conflict (event_id) do nothing'
    ' returning t.*'
    ')'
    ' select %s from made t'
    ' join (select id, min(n) as n from unnest($3) with ordinality i (id, n) group by id) i on i.id = t.event_id'
    ' order by i.n',
    v_consumer.task_table,
    kanthorq_schema._kanthorq_table(
      (v_consumer.registry).stream_id::text, 'id', 'stream ' || kanthorq_schema._kanthorq_shown((v_consumer.registry).stream_name::text)
    ),
    kanthorq_schema._kanthorq_task_columns()
  )
  using v_now, (v_consumer.registry).attempt_max, event_ids, v_state, (v_consumer.registry).visibility_timeout;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_convert is 'Makes tasks of a consumer out of events of its stream.

consumer       name of the consumer
event_ids      ids of the events; any number, duplicates count once
initial_state  state of the new tasks: pending, available, running or any other

Returns the tasks that are new, as rows of type kanthorq_task in the order of event_ids. Events that are unknown or that the
consumer has a task for are passed over. Raises KQ001 if there is no such consumer, KQ002 if a table is gone, KQ003 for a bad
argument.';

revoke all on function kanthorq_schema.kanthorq_task_convert from public;

-- function: kanthorq_task_discard
-- Discards tasks that are stuck: running, overdue, and with all attempts spent.
--
-- KanthorQ never takes such a task up again, and its own calls can neither cancel nor resume it. Discarded, it can be
-- resumed. A running task that a worker may still hold, or will be given, is left alone. Logged in the caller's
-- transaction.
create or replace function
kanthorq_schema.kanthorq_task_discard(
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
  from kanthorq_schema._kanthorq_task_transition('discard', consumer, event_ids, reason, null::timestamptz, false, 0::float8, 0::bigint) t;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_discard is 'Discards tasks that are stuck: running, overdue, and with more attempts behind them than attempt_max allows, so that no worker will ever take them.

consumer   name of the consumer
event_ids  ids of the tasks'' events; any number, duplicates count once
reason     why, for the log

Returns one row of two arrays that hold each distinct id once, in the order of event_ids:
updated    the tasks that are now discarded by this call, and can be resumed
noop       ids of tasks that are not stuck or do not exist

Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a bad argument; then nothing has changed.';

revoke all on function kanthorq_schema.kanthorq_task_discard from public;

-- function: kanthorq_task_discard_all
-- Discards all stuck tasks that a filter matches, batch by batch.
--
-- Commits each batch and says how many there were so far. Whatever stops it, whole batches are done and logged, and
-- calling it again goes on. Tasks that a worker or another session holds are skipped. See kanthorq_task_batch.
create or replace procedure
kanthorq_schema.kanthorq_task_discard_all(
  consumer text,
  states text[] default null,
  subject text default null,
  metadata jsonb default null,
  error text default null,
  created_after timestamp with time zone default null,
  created_before timestamp with time zone default null,
  everything boolean default false,
  batch_size int default 1000,
  max_tasks bigint default null,
  pause interval default null,
  reason text default null,
  inout updated bigint default null
)
language plpgsql
as $procedure$
begin
  call kanthorq_schema.kanthorq_task_all(
    'discard', consumer, states, subject, metadata, error, created_after, created_before, everything, batch_size,
    max_tasks, pause, reason, null::pg_catalog.timestamptz, false, null::pg_catalog.interval, updated
  );
end
$procedure$;

comment on procedure kanthorq_schema.kanthorq_task_discard_all is 'Discards all tasks that a filter matches and that are stuck: running, overdue, and with their attempts spent; batch by batch.

consumer        name of the consumer
states          only tasks in one of these states
subject         only tasks whose subject this filter matches: * is one token, > at the end is one or more
metadata        only tasks whose metadata contains this: {"customer": "42"}
error           only tasks whose last error contains this text, in this case
created_after   only tasks made at this time or later
created_before  only tasks made before this time
everything      has to be true if there is no filter at all
batch_size      how many tasks are moved, and committed, at once
max_tasks       how many tasks at most; null is no limit
pause           how long to wait between batches
reason          why, for the log

Returns the number of tasks as updated. It commits, so it can''t be called in a transaction. Raises KQ001 if there is no such consumer,
KQ002 if its table is gone, KQ003 for a bad argument or an empty filter.';

revoke all on procedure kanthorq_schema.kanthorq_task_discard_all from public;

-- function: kanthorq_task_explain
-- Says of each task what cancel, resume and discard would do to it, why, and when it will next run.
--
-- Whether an action takes a task is decided by the very condition that the action uses.
create or replace function kanthorq_schema.kanthorq_task_explain(consumer text, event_ids text[])
returns table (
  event_id text,
  state text,
  can_cancel boolean,
  can_resume boolean,
  can_discard boolean,
  why text,
  next_run_at timestamp with time zone
)
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_consumer record;
  v_cancel record := kanthorq_schema._kanthorq_task_action('cancel', false);
  v_resume record := kanthorq_schema._kanthorq_task_action('resume', false);
  v_discard record := kanthorq_schema._kanthorq_task_action('discard', false);
  v_now bigint := floor(extract(epoch from clock_timestamp()) * 1000)::bigint;
begin
  perform kanthorq_schema._kanthorq_check_event_ids(event_ids);
  v_consumer := kanthorq_schema._kanthorq_consumer(consumer);

  return query execute format(
    'select i.event_id, coalesce(s.name, t.state::text),'
    ' coalesce(t.state = any ($4) and %2$s, false),'
    ' coalesce(t.state = any ($5) and %3$s, false),'
    ' coalesce(t.state = any ($6) and %4$s, false),'
    ' kanthorq_schema._kanthorq_task_why(coalesce(s.name, t.state::text), %5$s, %6$s, t.attempt_count, $2,'
    '   t.attempted_error[array_upper(t.attempted_error, 1)] ->> ''error'', %7$s),'
    ' case when s.name in (''running'', ''retryable'') and t.attempt_count <= $2'
    '   then %8$s end'
    ' from (select u.event_id, min(u.n) as n from unnest($3) with ordinality u (event_id, n) group by u.event_id) i'
    ' left join %1$s t on t.event_id = i.event_id'
    ' left join kanthorq_schema._kanthorq_task_states() s on s.code = t.state'
    ' order by i.n',
    v_consumer.task_table,
    v_cancel.condition,
    v_resume.condition,
    v_discard.condition,
    kanthorq_schema._kanthorq_as_time('t.schedule_at'),
    kanthorq_schema._kanthorq_as_time('nullif(t.finalized_at, 0)'),
    kanthorq_schema._kanthorq_as_time('$1'),
    kanthorq_schema._kanthorq_as_time('greatest(t.schedule_at, $1)')
  )
  using v_now, (v_consumer.registry).attempt_max, event_ids,
    v_cancel.from_states, v_resume.from_states, v_discard.from_states;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_explain is 'Says what cancel, resume and discard would do to each task, and why, without doing it.

consumer     name of the consumer
event_ids    ids of the tasks'' events; any number, duplicates count once

Returns a row for each distinct id, in the order of event_ids:
state        null if there is no such task; a number if KanthorQ has no such state
can_cancel   whether kanthorq_task_cancel would update it now; likewise can_resume and can_discard
why          a sentence about where it stands and what can be done
next_run_at  when a worker may take it, at the earliest; null if none ever will unless a person acts

Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a bad argument.';

revoke all on function kanthorq_schema.kanthorq_task_explain from public;

-- function: kanthorq_task_find
-- Finds the tasks of a consumer that a filter matches, a page at a time.
--
-- Pages follow each other by event id, which is the order in which the events were made: pass the last event_id of a page
-- as `after` to get the next one. A page costs as many rows as have to be looked at to fill it: PostgreSQL goes through
-- the table's key, or through an index on the state where it expects that to be less.
create or replace function
kanthorq_schema.kanthorq_task_find(
  consumer text,
  states text[] default null,
  subject text default null,
  metadata jsonb default null,
  error text default null,
  created_after timestamp with time zone default null,
  created_before timestamp with time zone default null,
  after text default null,
  max_tasks int default 100,
  oldest_first boolean default false
)
returns setof kanthorq_schema.kanthorq_task
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_consumer record := kanthorq_schema._kanthorq_consumer(consumer);
  v_filter record := kanthorq_schema._kanthorq_task_filter(
    states, subject, metadata, error, created_after, created_before
  );
  v_now bigint := floor(extract(epoch from clock_timestamp()) * 1000)::bigint;
  v_page text := case when after is null then 'true' when oldest_first then 't.event_id > $9' else 't.event_id < $9' end;
begin
  if max_tasks is null or max_tasks < 1 then
    raise exception 'max_tasks is %', coalesce(max_tasks::text, 'null')
      using errcode = 'KQ003', hint = 'Pass how many tasks a page may have, at least 1.';
  end if;
  return query execute format(
    'select %s from %s t where %s and %s order by t.event_id %s limit $10',
    kanthorq_schema._kanthorq_task_columns(),
    v_consumer.task_table,
    v_filter.condition,
    v_page,
    case when oldest_first then 'asc' else 'desc' end
  )
  using v_now, (v_consumer.registry).attempt_max, v_filter.codes, v_filter.subject_pattern, metadata, error,
    v_filter.created_from, v_filter.created_to, after, max_tasks;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_find is 'Finds the tasks of a consumer, newest event first, a page at a time.

consumer        name of the consumer
states          only tasks in one of these states: pending, available, running, completed, retryable, discarded, cancelled
subject         only tasks whose subject this filter matches: * is one token, > at the end is one or more
metadata        only tasks whose metadata contains this: {"customer": "42"}
error           only tasks whose last error contains this text, in this case
created_after   only tasks made at this time or later
created_before  only tasks made before this time
after           the last event_id of the page before; null is the first page
max_tasks       how many at most
oldest_first    true turns the order round

Returns rows of type kanthorq_task. Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a bad filter.';

revoke all on function kanthorq_schema.kanthorq_task_find from public;

-- function: kanthorq_task_operation_purge
-- Deletes the part of the log that is older than a point in time. What is deleted can't be undone any more.
--
-- Of two purges at once the second may wait for the first, but never each for the other: a scan of a large table would begin
-- where another one is, and so meet the rows in another order, if synchronize_seqscans were on.
create or replace function
kanthorq_schema.kanthorq_task_operation_purge(
  before timestamp with time zone
)
returns bigint
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
set synchronize_seqscans = off
as $function$
declare
  v_count bigint;
begin
  if before is null then
    raise exception 'before is null'
      using errcode = 'KQ003', hint = 'Pass the time up to which the log may go: now() - interval ''90 days''';
  end if;
  delete from kanthorq_schema.kanthorq_task_operation o where o.at < before;
  get diagnostics v_count = row_count;
  return v_count;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_operation_purge is 'Deletes all operations from the log that are older than a point in time, and returns how many they were.

before  the time up to which the log may go: now() - interval ''90 days''

What is deleted can''t be undone any more. Raises KQ003 for null.';

revoke all on function kanthorq_schema.kanthorq_task_operation_purge from public;

-- function: kanthorq_task_resume
-- Resumes tasks: discarded and cancelled ones will be worked again.
--
-- They become running, because that is the state from which KanthorQ's pullers take a task; see _kanthorq_task_action.
-- schedule_at is now, not where back-off had put it hours ahead, and at least one attempt is left. attempted_error and
-- metadata stay. Logged in the caller's transaction.
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
    'resume', consumer, event_ids, reason, schedule_at, reset_attempts, 0::float8, 0::bigint
  ) t;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_resume is 'Resumes tasks that are discarded or cancelled, so that they are worked again. They become running, due at once or at schedule_at.

consumer        name of the consumer
event_ids       ids of the tasks'' events; any number, duplicates count once
reason          why, for the log
schedule_at     when they are due; null is now
reset_attempts  true gives them all their attempts back; otherwise at least one is left

Returns one row of two arrays that hold each distinct id once, in the order of event_ids:
updated         the tasks that are now resumed by this call
noop            ids of tasks that are in another state or do not exist

Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a bad argument; then nothing has changed.';

revoke all on function kanthorq_schema.kanthorq_task_resume from public;

-- function: kanthorq_task_stats
-- How many tasks a consumer has in each state. Looks at all of its tasks.
--
-- Without a name, all consumers of the registry; one whose table is gone is left out, kanthorq_doctor() tells of it.
create or replace function kanthorq_schema.kanthorq_task_stats(consumer text default null)
returns table (
  consumer_name text,
  state text,
  tasks bigint,
  oldest timestamp with time zone,
  next_due timestamp with time zone,
  stuck bigint
)
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_name text;
  v_consumer record;
  v_action record := kanthorq_schema._kanthorq_task_action('discard', false);
  v_now bigint := floor(extract(epoch from clock_timestamp()) * 1000)::bigint;
begin
  if consumer is not null then
    perform kanthorq_schema._kanthorq_consumer(consumer);
  end if;
  for v_name in
    select r.name::text from kanthorq_schema.kanthorq_consumer_registry r
    where (consumer is null or r.name = consumer)
      and kanthorq_schema._kanthorq_find_table(r.id::text, 'event_id') is not null
    order by r.name
  loop
    v_consumer := kanthorq_schema._kanthorq_consumer(v_name);
    return query execute format(
      'select $3, s.name, c.tasks, %s, %s, c.stuck'
      ' from ('
      '   select t.state, count(*) as tasks, min(t.created_at) as oldest,'
      '     min(t.schedule_at) filter (where t.state = any ($4) and t.attempt_count <= $2) as due,'
      '     count(*) filter (where t.state = any ($5) and %s) as stuck'
      '   from %s t group by t.state'
      ' ) c'
      ' join kanthorq_schema._kanthorq_task_states() s on s.code = c.state'
      ' order by c.state',
      kanthorq_schema._kanthorq_as_time('c.oldest'),
      kanthorq_schema._kanthorq_as_time('c.due'),
      v_action.condition,
      v_consumer.task_table
    )
    using v_now, (v_consumer.registry).attempt_max, v_name,
      array[kanthorq_schema._kanthorq_task_state('running'), kanthorq_schema._kanthorq_task_state('retryable')],
      v_action.from_states;
  end loop;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_stats is 'How many tasks there are in each state, for one consumer or, with null, for all of them.

Returns a row for each consumer and state that has tasks:
oldest    when the oldest of them was made
next_due  when the first of them that a worker may take is due; in the past if one is waiting, null if there is none
stuck     how many are running, overdue and with their attempts spent: kanthorq_task_discard frees them

Raises KQ001 if there is no such consumer, KQ002 if its table is gone.';

revoke all on function kanthorq_schema.kanthorq_task_stats from public;

-- function: kanthorq_task_undo
-- Puts the tasks of an operation back to what they were before it, where nothing has touched them since.
--
-- A task is as the operation left it if it has the state, updated_at, finalized_at and attempt_count that the operation gave
-- it: every transition of ours sets updated_at, and whatever KanthorQ does to such a task changes its state, adds an
-- attempt, or finalizes it anew. All others are no-ops. updated_at goes back too, so that the operation before can be undone
-- next.
--
-- The tasks are locked in the order of their ids first, like those of any transition. The undo is an operation itself, and
-- can be undone.
create or replace function
kanthorq_schema.kanthorq_task_undo(
  operation_id bigint,
  reason text default null,
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
as $function$
declare
  v_operation kanthorq_schema.kanthorq_task_operation;
  v_consumer record;
  v_at bigint;
  v_to_state smallint;
  v_done kanthorq_schema.kanthorq_task_operation;
begin
  select o.* into v_operation from kanthorq_schema.kanthorq_task_operation o where o.id = operation_id;
  if not found then
    raise exception 'there is no operation %', coalesce(operation_id::text, 'null')
      using errcode = 'KQ004', hint = 'kanthorq_task_operations() lists them; an old one may have been purged.';
  end if;
  v_consumer := kanthorq_schema._kanthorq_consumer(v_operation.consumer);

  -- What the log leaves out follows from the action.
  v_at := (extract(epoch from v_operation.at) * 1000)::bigint;
  if v_operation.action <> 'undo' then
    v_to_state := (kanthorq_schema._kanthorq_task_action(v_operation.action, false)).to_state;
  end if;
  v_done.at := date_trunc('milliseconds', clock_timestamp());
  v_done.action := 'undo';
  v_done.consumer := v_operation.consumer;
  v_done.reason := reason;
  v_done.undoes := operation_id;

  execute format(
    'with entry as ('
    ' select * from unnest((select $2), (select $3), (select $4), (select $5), (select $6), (select $7), (select $8), (select $9), (select $10), (select $11))'
    '   as e (event_id, from_state, from_updated_at, from_schedule_at, from_finalized_at, from_attempt_count,'
    '     to_state, to_updated_at, to_finalized_at, to_attempt_count)'
    '), locked as materialized ('
    ' select e.event_id, t.state as is_state, t.updated_at as is_updated_at, t.schedule_at as is_schedule_at, t.finalized_at as is_finalized_at,'
    '   t.attempt_count as is_attempt_count, e.from_state, e.from_updated_at, e.from_schedule_at, e.from_finalized_at, e.from_attempt_count,'
    '   coalesce(e.to_state, $12) as to_state, coalesce(e.to_updated_at, $1) as to_updated_at,'
    '   coalesce(e.to_finalized_at, $13) as to_finalized_at, e.to_attempt_count'
    ' from entry e join %1$s t on t.event_id = e.event_id'
    ' order by t.event_id for no key update of t'
    '), moved as ('
    ' update %1$s as t set state = l.from_state, updated_at = l.from_updated_at, finalized_at = coalesce(l.from_finalized_at, 0),'
    '   schedule_at = coalesce(l.from_schedule_at, t.schedule_at),'
    '   attempt_count = coalesce(l.from_attempt_count, t.attempt_count)'
    ' from locked l'
    ' where t.event_id = l.event_id and t.state = l.to_state and t.updated_at = l.to_updated_at and t.finalized_at = l.to_finalized_at'
    '   and t.attempt_count = coalesce(l.to_attempt_count, t.attempt_count)'
    ' returning l.*, t.finalized_at as now_finalized_at, t.attempt_count as now_attempt_count'
    ')'
    ' select coalesce(array_agg(event_id), ''{}''), array_agg(is_state), array_agg(is_updated_at), array_agg(is_schedule_at),'
    '   array_agg(is_finalized_at), array_agg(is_attempt_count),'
    '   array_agg(from_state), array_agg(from_updated_at), array_agg(now_finalized_at),'
    '   array_agg(now_attempt_count) from moved',
    v_consumer.task_table
  )
  into v_done.event_ids, v_done.from_state, v_done.from_updated_at, v_done.from_schedule_at, v_done.from_finalized_at,
    v_done.from_attempt_count, v_done.to_state, v_done.to_updated_at, v_done.to_finalized_at, v_done.to_attempt_count
  using v_at, v_operation.event_ids, v_operation.from_state, v_operation.from_updated_at, v_operation.from_schedule_at,
    v_operation.from_finalized_at, v_operation.from_attempt_count, v_operation.to_state, v_operation.to_updated_at,
    v_operation.to_finalized_at, v_operation.to_attempt_count, v_to_state,
    case when v_operation.action = 'resume' then 0 else v_at end;

  if cardinality(v_done.event_ids) > 0 then
    perform kanthorq_schema._kanthorq_task_log(v_done);
  end if;

  select p.updated, p.noop into updated, noop
  from kanthorq_schema._kanthorq_partition_ids(v_operation.event_ids, v_done.event_ids) p;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_undo is 'Undoes an operation of the log: puts its tasks back to the state each came from, where nothing has moved them since.

operation_id  an id of kanthorq_task_operations
reason        why, for the log

Returns one row of two arrays that hold each task of the operation once:
updated       the tasks that are now as they were before the operation
noop          ids of tasks that something has touched since, or that do not exist any more

An undo is an operation itself, and can be undone. Raises KQ004 if there is no such operation, KQ001 or KQ002 if its consumer is
gone.';

revoke all on function kanthorq_schema.kanthorq_task_undo from public;
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
-- function: _kanthorq_as_time
drop function kanthorq_schema._kanthorq_as_time;

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
    or f.filter !~ '^(>|([a-zA-Z0-9]+([_-]?[a-zA-Z0-9]+)*|[*])([.]([a-zA-Z0-9]+([_-]?[a-zA-Z0-9]+)*|[*]))*([.]>)?)$'
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

-- function: _kanthorq_find_table
drop function kanthorq_schema._kanthorq_find_table;

-- function: _kanthorq_function_levels
drop function kanthorq_schema._kanthorq_function_levels;

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

-- function: _kanthorq_newest_migration
-- The name of the newest migration, which is the one that brought this function. For kanthorq_doctor.
create or replace function kanthorq_schema._kanthorq_newest_migration()
returns text
language sql
immutable
security definer
set search_path to pg_catalog, pg_temp
as $function$
select '0003_functions'
$function$;

comment on function kanthorq_schema._kanthorq_newest_migration is 'Internal. The name of the newest migration.';

revoke all on function kanthorq_schema._kanthorq_newest_migration from public;

-- function: _kanthorq_set_level
drop function kanthorq_schema._kanthorq_set_level;

-- function: _kanthorq_shown
drop function kanthorq_schema._kanthorq_shown;

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
select set_config('kanthorq.grantees', coalesce((
  select string_agg(a.grantee::regrole::text, ', ')
  from pg_proc p, aclexplode(p.proacl) a
  where p.oid = 'kanthorq_schema._kanthorq_table'::regproc and a.grantee not in (0, p.proowner)
), ''), true);
drop function kanthorq_schema._kanthorq_table;
-- its new declaration:
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
-- its grants again:
do $grants$
begin
  if current_setting('kanthorq.grantees') <> '' then
    execute 'grant execute on function kanthorq_schema._kanthorq_table to ' || current_setting('kanthorq.grantees');
  end if;
end
$grants$;

-- function: _kanthorq_task_action
select set_config('kanthorq.grantees', coalesce((
  select string_agg(a.grantee::regrole::text, ', ')
  from pg_proc p, aclexplode(p.proacl) a
  where p.oid = 'kanthorq_schema._kanthorq_task_action'::regproc and a.grantee not in (0, p.proowner)
), ''), true);
drop function kanthorq_schema._kanthorq_task_action;
-- its new declaration:
-- What cancel, resume and discard are: the one place where a transition is defined.
--
-- from_states and condition say which tasks it takes, to_state and assignments what it writes. The two texts are SQL about
-- the task t; they may use $1, now in epoch milliseconds, and $2, the consumer's attempt_max; assignments also $6, when the
-- task is due in epoch milliseconds. attempts is what becomes of attempt_count, null if it and schedule_at are left alone.
--
-- - Cancel writes what KanthorQ's own Cancel writes. A running task is not taken, for a worker may hold it.
-- - Resume makes tasks running, not available: of KanthorQ's pullers one takes running tasks whose schedule_at has passed
--   and one takes retryable tasks; nothing ever takes an available or a pending one. Both want
--   attempt_count <= attempt_max, so attempt_count comes down to attempt_max where it is above: one attempt is left,
--   however often a task is resumed.
-- - Discard takes running tasks that are overdue and have spent their attempts: those that no puller will ever take.
create or replace function
kanthorq_schema._kanthorq_task_action(
  action text,
  reset_attempts boolean default false,
  out from_states smallint[],
  out condition text,
  out to_state smallint,
  out assignments text,
  out attempts text
)
returns record
language plpgsql
immutable
security definer
set search_path to pg_catalog, pg_temp
as $function$
begin
  condition := 'true';
  case action
    when 'cancel' then
      from_states := array[
        kanthorq_schema._kanthorq_task_state('pending'),
        kanthorq_schema._kanthorq_task_state('available'),
        kanthorq_schema._kanthorq_task_state('retryable')
      ];
      to_state := kanthorq_schema._kanthorq_task_state('cancelled');
      assignments := 'finalized_at = $1';
    when 'resume' then
      from_states := array[
        kanthorq_schema._kanthorq_task_state('discarded'),
        kanthorq_schema._kanthorq_task_state('cancelled')
      ];
      to_state := kanthorq_schema._kanthorq_task_state('running');
      attempts := case when reset_attempts then '0::smallint' else 'least(t.attempt_count, $2)' end;
      assignments := 'finalized_at = 0, schedule_at = $6, attempt_count = ' || attempts;
    when 'discard' then
      from_states := array[kanthorq_schema._kanthorq_task_state('running')];
      condition := 't.schedule_at < $1 and t.attempt_count > $2';
      to_state := kanthorq_schema._kanthorq_task_state('discarded');
      assignments := 'finalized_at = $1';
    else
      raise exception '% is not an action', coalesce(quote_literal(action), 'null')
        using errcode = 'KQ003', hint = 'The actions are cancel, resume and discard.';
  end case;
end
$function$;

comment on function kanthorq_schema._kanthorq_task_action is 'Internal. Which tasks cancel, resume or discard takes, and what it writes; KQ003 for another word.';

revoke all on function kanthorq_schema._kanthorq_task_action from public;
-- its grants again:
do $grants$
begin
  if current_setting('kanthorq.grantees') <> '' then
    execute 'grant execute on function kanthorq_schema._kanthorq_task_action to ' || current_setting('kanthorq.grantees');
  end if;
end
$grants$;

-- function: _kanthorq_task_columns
-- The SELECT list that makes a kanthorq_task out of a row t of a consumer's table.
--
-- It wants $1, now in epoch milliseconds, and $2, the consumer's attempt_max. KanthorQ writes 0 where a time is not known
-- yet; here that is null.
create or replace function kanthorq_schema._kanthorq_task_columns()
returns text
language sql
immutable
security definer
set search_path to pg_catalog, pg_temp
as $function$
select format(
  't.event_id::text, t.subject::text, case t.state %s end, t.state = any (%L) and %s,'
  ' to_timestamp(nullif(t.schedule_at, 0) / 1000.0), to_timestamp(nullif(t.finalized_at, 0) / 1000.0),'
  ' t.attempt_count::integer, $2::integer, to_timestamp(nullif(t.attempted_at, 0) / 1000.0),'
  ' t.attempted_error[array_upper(t.attempted_error, 1)] ->> ''error'', t.metadata,'
  ' to_timestamp(t.created_at / 1000.0), to_timestamp(t.updated_at / 1000.0)',
  (select string_agg(format('when %s then %L', s.code, s.name), ' ') from kanthorq_schema._kanthorq_task_states() s),
  d.from_states,
  d.condition
)
from kanthorq_schema._kanthorq_task_action('discard') d
$function$;

comment on function kanthorq_schema._kanthorq_task_columns is 'Internal. The SELECT list that makes a kanthorq_task.';

revoke all on function kanthorq_schema._kanthorq_task_columns from public;

-- function: _kanthorq_task_filter
-- The common filter as SQL: a condition about the task t, and the values that it wants as parameters.
--
-- The condition names only what is asked for, so that PostgreSQL plans for that. Its parameters are $3 codes, $4 subject,
-- $5 metadata, $6 error, $7 created_from and $8 created_to. empty is true if the filter lets everything through.
-- Raises KQ003 for an unknown state, an empty list of states, an empty text, metadata that is no object, or a time that is
-- infinite.
create or replace function
kanthorq_schema._kanthorq_task_filter(
  states text[],
  subject text,
  metadata jsonb,
  error text,
  created_after timestamp with time zone,
  created_before timestamp with time zone,
  out condition text,
  out codes smallint[],
  out subject_pattern text,
  out created_from bigint,
  out created_to bigint,
  out empty boolean
)
returns record
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
begin
  condition := 'true';
  if states is not null then
    if cardinality(states) = 0 or array_ndims(states) > 1 then
      raise exception 'states is not a list of at least one state'
        using errcode = 'KQ003', hint = 'Pass null for tasks in any state.';
    end if;
    codes := array(select kanthorq_schema._kanthorq_task_state(s) from unnest(states) s);
    condition := condition || ' and t.state = any ($3)';
  end if;
  if subject is not null then
    if subject = '' then
      raise exception 'subject is empty'
        using errcode = 'KQ003', hint = 'Pass null for any subject, or a filter such as order.>';
    end if;
    if subject ~ '[*>]' then
      subject_pattern := kanthorq_schema._kanthorq_subject_pattern(subject);
      condition := condition || ' and t.subject ~ $4';
    else
      subject_pattern := subject;
      condition := condition || ' and t.subject = $4';
    end if;
  end if;
  if metadata is not null then
    if jsonb_typeof(metadata) <> 'object' then
      raise exception 'metadata is not an object but %', jsonb_typeof(metadata)
        using errcode = 'KQ003', hint = 'Pass what the tasks'' metadata has to contain: {"customer": "42"}';
    end if;
    condition := condition || ' and t.metadata @> $5';
  end if;
  if error is not null then
    if error = '' then
      raise exception 'error is empty'
        using errcode = 'KQ003', hint = 'Pass null for any error, or a part of the last error''s text.';
    end if;
    condition := condition
      || ' and strpos(t.attempted_error[array_upper(t.attempted_error, 1)] ->> ''error'', $6) > 0';
  end if;
  if not isfinite(created_after) or not isfinite(created_before) then
    raise exception 'created_after or created_before is infinite'
      using errcode = 'KQ003', hint = 'Pass points in time, or null for no limit.';
  end if;
  if created_after is not null then
    created_from := ceil(extract(epoch from created_after) * 1000);
    condition := condition || ' and t.created_at >= $7';
  end if;
  if created_before is not null then
    created_to := ceil(extract(epoch from created_before) * 1000);
    condition := condition || ' and t.created_at < $8';
  end if;
  empty := condition = 'true' or condition = 'true and t.metadata @> $5' and metadata = '{}';
end
$function$;

comment on function kanthorq_schema._kanthorq_task_filter is 'Internal. The common filter as an SQL condition and its parameters; KQ003 for a bad filter.';

revoke all on function kanthorq_schema._kanthorq_task_filter from public;

-- function: _kanthorq_task_progress
drop function kanthorq_schema._kanthorq_task_progress;

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

-- function: _kanthorq_task_transition
select set_config('kanthorq.grantees', coalesce((
  select string_agg(a.grantee::regrole::text, ', ')
  from pg_proc p, aclexplode(p.proacl) a
  where p.oid = 'kanthorq_schema._kanthorq_task_transition'::regproc and a.grantee not in (0, p.proowner)
), ''), true);
drop function kanthorq_schema._kanthorq_task_transition;
-- its new declaration:
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
-- due is when resumed tasks run. With a spread_step (milliseconds, fractions count) the n-th of event_ids, counted from
-- spread_from, runs at due + n × spread_step; event_ids must then be sorted.
create or replace function
kanthorq_schema._kanthorq_task_transition(
  action text,
  consumer text,
  event_ids text[],
  reason text,
  due timestamp with time zone default null,
  reset_attempts boolean default false,
  spread_step double precision default 0,
  spread_from bigint default 0,
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
  v_now bigint := floor(extract(epoch from clock_timestamp()) * 1000);
  v_due bigint := coalesce(floor(extract(epoch from due) * 1000), v_now);
  v_update text;
  v_where text;
  v_log text;
  v_sql text;
  v_plan jsonb;
  v_partitioned boolean;
  v_at_once boolean := false;
  v_ctids tid[];
  v_done kanthorq_schema.kanthorq_task_operation;
begin
  perform kanthorq_schema._kanthorq_check_event_ids(event_ids);
  v_consumer := kanthorq_schema._kanthorq_consumer(consumer);
  v_action := kanthorq_schema._kanthorq_task_action(action, reset_attempts);
  v_partitioned := (select c.relkind = 'p' from pg_class c where c.oid = v_consumer.task_table);

  v_update := format('update %s as t set state = $5, updated_at = $1, %s', v_consumer.task_table, v_action.assignments);
  if spread_step > 0 then
    v_update := replace(v_update, '$6', '$6 + $7 * ($8 + width_bucket(t.event_id::text, $3) - 1)');
  end if;
  v_where := 't.event_id = any ((select $3)::text[]) and t.state::integer = any ($4) and ' || v_action.condition;
  v_log := 'coalesce(array_agg(t.event_id::text), ''{}''), array_agg(t.state), array_agg(t.updated_at)'
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
  into v_done.event_ids, v_done.from_state, v_done.from_updated_at, v_done.from_schedule_at,
    v_done.from_finalized_at, v_done.from_attempt_count, v_done.to_attempt_count, v_ctids
  using v_now, (v_consumer.registry).attempt_max, event_ids, v_action.from_states::integer[], v_action.to_state,
    v_due, spread_step, spread_from;

  if cardinality(v_done.event_ids) > 0 then
    if not v_at_once then
      execute v_update || ' where t.state::integer = any ($4) and '
        || case when v_partitioned then 't.event_id = any ((select $9)::text[])' else 't.ctid = any ($10)' end
      using v_now, (v_consumer.registry).attempt_max, event_ids, v_action.from_states::integer[], v_action.to_state,
        v_due, spread_step, spread_from, v_done.event_ids, v_ctids;
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
-- its grants again:
do $grants$
begin
  if current_setting('kanthorq.grantees') <> '' then
    execute 'grant execute on function kanthorq_schema._kanthorq_task_transition to ' || current_setting('kanthorq.grantees');
  end if;
end
$grants$;

-- function: _kanthorq_task_why
select set_config('kanthorq.grantees', coalesce((
  select string_agg(a.grantee::regrole::text, ', ')
  from pg_proc p, aclexplode(p.proacl) a
  where p.oid = 'kanthorq_schema._kanthorq_task_why'::regproc and a.grantee not in (0, p.proowner)
), ''), true);
drop function kanthorq_schema._kanthorq_task_why;
-- its new declaration:
-- Where a task stands, as a sentence for kanthorq_task_explain.
--
-- Times are epoch milliseconds and are shown in the session's time zone, to the second.
create or replace function
kanthorq_schema._kanthorq_task_why(
  state text,
  schedule_at bigint,
  finalized_at bigint,
  attempt_count smallint,
  attempt_max smallint,
  last_error text,
  now bigint
)
returns text
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_due text := date_trunc('second', to_timestamp(schedule_at / 1000.0));
  v_done text := coalesce(' at ' || date_trunc('second', to_timestamp(nullif(finalized_at, 0) / 1000.0)), '');
  v_spent boolean := attempt_count > attempt_max;
  v_overdue boolean := schedule_at < now;
  v_attempts text := format('attempts spent (%s of %s)', attempt_count, attempt_max);
begin
  return case
    when state is null then 'not found: the consumer has no task of this event'
    when state = 'pending' then 'pending: no worker takes it until a person acts; cancel it, then resume it'
    when state = 'available' then 'available, but no worker of KanthorQ takes available tasks; cancel it, then resume it'
    when state = 'completed' then format('completed%s: there is nothing left to do', v_done)
    when state = 'cancelled' then format('cancelled%s; resume it to have it worked again', v_done)
    when state = 'discarded' then format(
      'discarded%s after %s attempts%s; resume it to have it worked again', v_done, attempt_count, coalesce(': ' || last_error, '')
    )
    when state = 'retryable' and v_spent then format('retryable, %s: no worker will take it; cancel it, then resume it', v_attempts)
    when state = 'retryable' and v_overdue then 'retryable and due: the next free worker takes it'
    when state = 'retryable' then format('retryable, due at %s', v_due)
    when v_overdue and v_spent then format('running, overdue, %s: no worker will take it; discard it', v_attempts)
    when v_overdue then 'running and overdue: the next free worker picks it up again'
    when v_spent then format('running until %s, %s: no worker will take it after that; then discard it', v_due, v_attempts)
    else format('running until %s, then picked up again', v_due)
  end;
end
$function$;

comment on function kanthorq_schema._kanthorq_task_why is 'Internal. Where a task stands, as a sentence.';

revoke all on function kanthorq_schema._kanthorq_task_why from public;
-- its grants again:
do $grants$
begin
  if current_setting('kanthorq.grantees') <> '' then
    execute 'grant execute on function kanthorq_schema._kanthorq_task_why to ' || current_setting('kanthorq.grantees');
  end if;
end
$grants$;

-- function: kanthorq_doctor
-- Looks for what is wrong in this database and says how to mend it. Changes nothing.
--
-- fix is one SQL statement, or several, that mend the finding; where a person has to decide first it is a comment, so that
-- all of them may be handed to \gexec.
create or replace function kanthorq_schema.kanthorq_doctor()
returns table (
  "check" text,
  severity text,
  detail text,
  fix text
)
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_consumer record;
  v_stuck bigint;
  v_parked bigint;
begin
  -- Registry rows without a table, and tables without a registry row.
  return query
  select 'table is gone', 'error',
    format('%s %L is registered, but its table %s does not exist', r.kind, r.name, r.task_table),
    format('-- restore the table from a backup, or: delete from %s where name = %L', r.registry, r.name)
  from (
    select 'consumer' as kind, c.name, format('kanthorq_schema.%I', 'kanthorq_' || c.id) as task_table,
      'kanthorq_schema.kanthorq_consumer_registry' as registry
    from kanthorq_schema.kanthorq_consumer_registry c
    union all
    select 'stream', s.name, format('kanthorq_schema.%I', 'kanthorq_' || s.id), 'kanthorq_schema.kanthorq_stream_registry'
    from kanthorq_schema.kanthorq_stream_registry s
  ) r
  where to_regclass(r.task_table) is null
  order by r.kind, r.name;

  return query
  select 'table is nobody''s', 'warning',
    format('table %s belongs to no %s of the registry', c.oid::regclass, substring(c.relname from '^kanthorq_([a-z]+)_')),
    format('-- put the registry row back, or, if nobody needs the rows: drop table %s', c.oid::regclass)
  from pg_class c
  where c.relnamespace = 'kanthorq_schema'::regnamespace
    and c.relkind in ('r', 'p') and not c.relispartition
    and c.relname ~ '^kanthorq_(consumer|stream)_[0-9a-z]{26}$'
    and not exists (select from kanthorq_schema.kanthorq_consumer_registry r where c.relname = 'kanthorq_' || r.id)
    and not exists (select from kanthorq_schema.kanthorq_stream_registry r where c.relname = 'kanthorq_' || r.id)
  order by c.relname;

  -- KanthorQ gives the index the same name for each consumer, so only the first gets one. One that was left invalid, because
  -- making it was interrupted, has the name that a new one would have.
  return query
  select 'no scheduling index', 'warning',
    format('consumer %L has no usable index on (state, schedule_at): workers and bulk calls look at the whole table', r.name),
    case when i.indisvalid is false
      then format('reindex index concurrently %s', i.indexrelid::regclass)
      else format(
        'create index %s%I on %s (state, schedule_at, event_id)',
        case when c.relkind = 'p' then '' else 'concurrently ' end, c.relname || '_scheduling', c.oid::regclass
      )
    end
  from kanthorq_schema.kanthorq_consumer_registry r
  join pg_class c on c.oid = to_regclass(format('kanthorq_schema.%I', 'kanthorq_' || r.id))
  left join pg_index i on i.indexrelid = to_regclass(format('kanthorq_schema.%I', c.relname || '_scheduling'))
  where not kanthorq_schema._kanthorq_has_scheduling_index(c.oid)
  order by r.name;

  for v_consumer in
    select r.name, c.oid::regclass as task_table, r.attempt_max
    from kanthorq_schema.kanthorq_consumer_registry r
    join pg_class c on c.oid = to_regclass(format('kanthorq_schema.%I', 'kanthorq_' || r.id))
    order by r.name
  loop
    execute format(
      'select count(*) filter (where t.state = any ($3) and %s), count(*) filter (where t.state = $4) from %s t',
      (kanthorq_schema._kanthorq_task_action('discard')).condition,
      v_consumer.task_table
    )
    into v_stuck, v_parked
    using extract(epoch from clock_timestamp()) * 1000, v_consumer.attempt_max,
      (kanthorq_schema._kanthorq_task_action('discard')).from_states, kanthorq_schema._kanthorq_task_state('available');

    if v_stuck > 0 then
      return query values (
        'stuck tasks', 'warning',
        format('consumer %L has %s tasks that are running, overdue and out of attempts: no worker will ever take them', v_consumer.name, v_stuck),
        format('call kanthorq_schema.kanthorq_task_discard_all(%L, everything => true, reason => ''kanthorq_doctor'')', v_consumer.name)
      );
    end if;
    if v_parked > 0 then
      return query values (
        'tasks in available', 'info',
        format('consumer %L has %s available tasks; no worker of KanthorQ takes available tasks unless it has just made them', v_consumer.name, v_parked),
        format('-- to have them worked: call kanthorq_schema.kanthorq_task_cancel_all(%1$L, states => ''{available}''), then kanthorq_schema.kanthorq_task_resume_all(%1$L, states => ''{cancelled}'')', v_consumer.name)
      );
    end if;
  end loop;

  return query
  select 'PUBLIC may execute', 'error',
    format('anybody may execute %s', p.oid::regprocedure),
    format('revoke execute on routine %s from public', p.oid::regprocedure)
  from pg_proc p
  where p.pronamespace = 'kanthorq_schema'::regnamespace
    and p.proname ~ '^_?kanthorq_'
    and exists (
      select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
      where a.grantee = 0 and a.privilege_type = 'EXECUTE'
    )
  order by p.oid::regprocedure::text;

  return query
  select 'migrations', 'warning',
    format('migration %s is not recorded in kanthorq_migrations', kanthorq_schema._kanthorq_newest_migration()),
    '-- npx kanthorq-tasks migrate up, or kanthorq-tasks.sql through psql'
  where not kanthorq_schema._kanthorq_is_migrated(kanthorq_schema._kanthorq_newest_migration());
end
$function$;

comment on function kanthorq_schema.kanthorq_doctor is 'Looks for what is wrong in this database and says how to mend it. Changes nothing; looks at every task.

Returns a row for each finding, none if all is well:
check     what was looked at: table is gone, table is nobody''s, no scheduling index, stuck tasks, tasks in available, PUBLIC may
          execute, migrations
severity  error, warning or info
detail    what was found, and what follows from it
fix       the SQL that mends it; a comment where a person has to decide first. So this is safe:
          select fix from kanthorq_doctor() \gexec';

revoke all on function kanthorq_schema.kanthorq_doctor from public;

-- function: kanthorq_grant
drop function kanthorq_schema.kanthorq_grant;

-- function: kanthorq_revoke
drop function kanthorq_schema.kanthorq_revoke;

-- function: kanthorq_task_all
-- The loop of kanthorq_task_cancel_all, _resume_all and _discard_all: batch after batch, each committed.
--
-- A procedure that commits can be neither SECURITY DEFINER nor carry a SET clause, so this one runs as its caller, under
-- the caller's search_path: everything in it is qualified, and all the work is done by the definer function that does one
-- batch. Stopping it half-way loses nothing; calling it again goes on.
create or replace procedure
kanthorq_schema.kanthorq_task_all(
  action text,
  consumer text,
  states text[],
  subject text,
  metadata jsonb,
  error text,
  created_after timestamp with time zone,
  created_before timestamp with time zone,
  everything boolean,
  batch_size int,
  max_tasks bigint,
  pause interval,
  reason text,
  schedule_at timestamp with time zone,
  reset_attempts boolean,
  spread interval,
  inout updated bigint default null
)
language plpgsql
as $procedure$
declare
  v_batch pg_catalog.record;
  v_progress pg_catalog.jsonb;
begin
  -- A COMMIT always fails in this block, but with a text of its own where the caller is in a transaction. Better now than
  -- after the first batch. In a translated server the text is another, and PostgreSQL's own error comes at that COMMIT.
  begin
    commit;
  exception when invalid_transaction_termination then
    if sqlerrm operator(pg_catalog.=) 'invalid transaction termination' then
      raise exception 'kanthorq_task_%_all commits each batch, so it can''t be part of a transaction', action
        using errcode = 'active_sql_transaction',
          hint = 'Call it outside BEGIN and outside a function; or call kanthorq_task_batch, which does one batch in your transaction.';
    end if;
  end;

  updated := 0;
  loop
    select b.progress, b.updated, b.total into v_batch
    from kanthorq_schema.kanthorq_task_batch(
      action, consumer, states, subject, metadata, error, created_after, created_before, everything, batch_size,
      max_tasks, reason, schedule_at, reset_attempts, spread, v_progress
    ) b;
    commit;
    v_progress := v_batch.progress;
    if v_batch.updated operator(pg_catalog.>) 0 then
      updated := v_batch.total;
      raise notice '% %: % tasks so far', action, consumer, updated;
      if v_progress is not null and pause is not null then
        perform pg_catalog.pg_sleep_for(pause);
      end if;
    end if;
    exit when v_progress is null;
  end loop;
end
$procedure$;

comment on procedure kanthorq_schema.kanthorq_task_all is 'What kanthorq_task_cancel_all, kanthorq_task_resume_all and kanthorq_task_discard_all call; call those.

action          cancel, resume or discard
consumer        name of the consumer
states          only tasks in one of these states
subject         only tasks whose subject this filter matches: * is one token, > at the end is one or more
metadata        only tasks whose metadata contains this: {"customer": "42"}
error           only tasks whose last error contains this text, in this case
created_after   only tasks made at this time or later
created_before  only tasks made before this time
everything      has to be true if there is no filter at all
batch_size      how many tasks are moved, and committed, at once
max_tasks       how many tasks at most; null is no limit
pause           how long to wait between batches
reason          why, for the log
schedule_at     when resumed tasks are due; null is now
reset_attempts  true gives resumed tasks all their attempts back; otherwise at least one is left
spread          spreads resumed tasks evenly over this time, from schedule_at on
updated         the number of tasks';

revoke all on procedure kanthorq_schema.kanthorq_task_all from public;

-- function: kanthorq_task_batch
-- Does one batch of kanthorq_task_cancel_all, _resume_all or _discard_all, in the caller's transaction. For programs that
-- want to make the loop themselves: call it with progress null, then with what it returned, until that is null.
--
-- Rows that somebody else has locked are skipped, not waited for. Tasks that came, or were finished, after the first batch
-- are left alone: so it ends, and what fails again after being resumed is not resumed twice.
--
-- progress is where the next batch goes on. Where the table has an index that begins with (state, schedule_at), the
-- batches follow it, one state after the other, and never look at tasks in other states; otherwise they follow the key.
-- - started, done  when the first batch began, epoch milliseconds; how many tasks have been moved since
-- - step           milliseconds from one task to the next, if they are to be spread
-- - walk           which of the states it is at, counted from 1; 0 when it follows the key
-- - schedule_at, event_id  the last task that was looked at
create or replace function
kanthorq_schema.kanthorq_task_batch(
  action text,
  consumer text,
  states text[] default null,
  subject text default null,
  metadata jsonb default null,
  error text default null,
  created_after timestamp with time zone default null,
  created_before timestamp with time zone default null,
  everything boolean default false,
  batch_size int default 1000,
  max_tasks bigint default null,
  reason text default null,
  schedule_at timestamp with time zone default null,
  reset_attempts boolean default false,
  spread interval default null,
  inout progress jsonb default null,
  out updated bigint,
  out total bigint
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
  v_action record := kanthorq_schema._kanthorq_task_action(action, reset_attempts);
  v_consumer record := kanthorq_schema._kanthorq_consumer(consumer);
  v_filter record := kanthorq_schema._kanthorq_task_filter(
    states, subject, metadata, error, created_after, created_before
  );
  v_now bigint := floor(extract(epoch from clock_timestamp()) * 1000);
  v_states smallint[];
  v_walk integer;
  v_limit bigint;
  v_where text;
  v_ids text[];
  v_last_id text;
  v_last_schedule_at bigint;
begin
  if v_filter.empty and everything is not true then
    raise exception 'the filter is empty, so it would % all tasks of %', action, quote_literal(consumer)
      using errcode = 'KQ003', hint = 'Name states, a subject or the like; or pass everything => true if that is what you want.';
  end if;
  if batch_size is null or batch_size < 1 or max_tasks < 1 then
    raise exception 'batch_size is %, max_tasks is %', coalesce(batch_size::text, 'null'), coalesce(max_tasks::text, 'null')
      using errcode = 'KQ003', hint = 'Both have to be at least 1; a max_tasks of null is no limit.';
  end if;
  if not isfinite(schedule_at) or not isfinite(spread) or extract(epoch from spread) < 0 then
    raise exception 'schedule_at is %, spread is %', coalesce(schedule_at::text, 'null'), coalesce(spread::text, 'null')
      using errcode = 'KQ003', hint = 'Pass a point in time and a positive interval, or null for now and for all at once.';
  end if;
  v_states := array(
    select s from unnest(v_action.from_states) s where v_filter.codes is null or s = any (v_filter.codes) order by s
  );
  if cardinality(v_states) = 0 then
    raise exception '% does not take tasks in state %', action, array_to_string(states, ', ')
      using errcode = 'KQ003',
        hint = format('It takes %s.', (
          select string_agg(s.name, ', ') from kanthorq_schema._kanthorq_task_states() s
          where s.code = any (v_action.from_states)
        ));
  end if;

  if progress is not null and not coalesce(
    jsonb_path_match(
      progress, 'strict $.started >= 0 && $.done >= 0 && $.walk >= 0 && $.walk <= $states',
      jsonb_build_object('states', cardinality(v_states)), true
    ), false
  ) then
    raise exception 'progress is not one of this call: %', progress
      using errcode = 'KQ003', hint = 'Pass null to begin, then what the batch before returned, with the other arguments unchanged.';
  end if;

  -- Nothing that is newer than the first batch.
  v_where := v_filter.condition || ' and ' || v_action.condition || ' and t.created_at <= $9 and t.finalized_at <= $9';

  if progress is null then
    progress := jsonb_build_object(
      'started', v_now,
      'done', 0,
      'walk', kanthorq_schema._kanthorq_has_scheduling_index(v_consumer.task_table)::integer
    );
    if extract(epoch from spread) > 0 then
      execute format('select count(*) from %s t where t.state = any ($3) and %s', v_consumer.task_table, v_where)
      into total
      using v_now, (v_consumer.registry).attempt_max, v_states, v_filter.subject_pattern, metadata, error,
        v_filter.created_from, v_filter.created_to, v_now;
      progress := progress || jsonb_build_object(
        'step', extract(epoch from spread) * 1000 / greatest(least(total, max_tasks), 1)
      );
    end if;
  end if;

  total := (progress ->> 'done')::bigint;
  v_walk := (progress ->> 'walk')::integer;
  v_limit := greatest(least(batch_size, max_tasks - total), 0);

  execute format(
    'with batch as ('
    ' select t.event_id::text, t.schedule_at from %s t where %s and %s limit $12 for no key update skip locked'
    ') select coalesce(array_agg(event_id order by event_id), ''{}''),'
    ' (array_agg(event_id order by schedule_at desc, event_id desc))[1], max(schedule_at) from batch',
    v_consumer.task_table,
    v_where,
    case
      when v_walk = 0 then 't.state = any ($3) and t.event_id > $10 order by t.event_id'
      else format(
        't.state = %s and (t.schedule_at, t.event_id) > ($11, $10) order by t.schedule_at, t.event_id', v_states[v_walk]
      )
    end
  )
  into v_ids, v_last_id, v_last_schedule_at
  using v_now, (v_consumer.registry).attempt_max, v_states, v_filter.subject_pattern, metadata, error,
    v_filter.created_from, v_filter.created_to, (progress ->> 'started')::bigint,
    coalesce(progress ->> 'event_id', ''), coalesce((progress ->> 'schedule_at')::bigint, -9223372036854775808),
    v_limit;

  updated := 0;
  if cardinality(v_ids) > 0 then
    select cardinality(t.updated) into updated
    from kanthorq_schema._kanthorq_task_transition(
      action, consumer, v_ids, reason,
      due => coalesce(schedule_at, to_timestamp((progress ->> 'started')::bigint / 1000.0)),
      reset_attempts => reset_attempts,
      spread_step => coalesce((progress ->> 'step')::double precision, 0),
      spread_from => total
    ) t;
    total := total + updated;
  end if;

  if total >= max_tasks or cardinality(v_ids) < v_limit and v_walk in (0, cardinality(v_states)) then
    progress := null;
  elsif cardinality(v_ids) < v_limit then
    progress := (progress || jsonb_build_object('done', total, 'walk', v_walk + 1)) - 'event_id' - 'schedule_at';
  else
    progress := progress || jsonb_build_object(
      'done', total,
      'event_id', case when v_walk = 0 then v_ids[cardinality(v_ids)] else v_last_id end,
      'schedule_at', v_last_schedule_at
    );
  end if;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_batch is 'Does one batch of kanthorq_task_cancel_all, kanthorq_task_resume_all or kanthorq_task_discard_all. For programs that make the loop themselves.

action          cancel, resume or discard
consumer        name of the consumer
states          only tasks in one of these states
subject         only tasks whose subject this filter matches: * is one token, > at the end is one or more
metadata        only tasks whose metadata contains this: {"customer": "42"}
error           only tasks whose last error contains this text, in this case
created_after   only tasks made at this time or later
created_before  only tasks made before this time
everything      has to be true if there is no filter at all
batch_size      how many tasks are moved, and committed, at once
max_tasks       how many tasks at most; null is no limit
reason          why, for the log
schedule_at     when resumed tasks are due; null is now
reset_attempts  true gives resumed tasks all their attempts back; otherwise at least one is left
spread          spreads resumed tasks evenly over this time, from schedule_at on
progress        null to begin; then what the batch before returned, until that is null, with all else unchanged

Returns one row:
progress   where the next batch goes on; null when there is nothing left to do
updated    how many tasks this batch moved; it can be 0 before the end
total      how many all batches so far moved

Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a bad argument or an empty filter.';

revoke all on function kanthorq_schema.kanthorq_task_batch from public;

-- function: kanthorq_task_cancel
-- Cancels tasks: pending, available and retryable ones will not be worked any more.
--
-- Writes state, finalized_at and updated_at, in one statement of the caller's transaction, and logs it there. A running
-- task is left alone, for a worker may hold it; so is one that is finished.
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
  from kanthorq_schema._kanthorq_task_transition('cancel', consumer, event_ids, reason) t;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_cancel is 'Cancels tasks that are pending, available or retryable.

consumer   name of the consumer
event_ids  ids of the tasks'' events; any number, duplicates count once
reason     why, for the log

Returns one row of two arrays that hold each distinct id once, in the order of event_ids:
updated    the tasks that are now cancelled by this call
noop       ids of tasks that are in another state or do not exist

Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a bad argument; then nothing has changed.';

revoke all on function kanthorq_schema.kanthorq_task_cancel from public;

-- function: kanthorq_task_cancel_all
-- Cancels all pending, available and retryable tasks that a filter matches, batch by batch.
--
-- Commits each batch and says how many there were so far. Whatever stops it, whole batches are done and logged, and
-- calling it again goes on. Tasks that a worker or another session holds are skipped. See kanthorq_task_batch.
create or replace procedure
kanthorq_schema.kanthorq_task_cancel_all(
  consumer text,
  states text[] default null,
  subject text default null,
  metadata jsonb default null,
  error text default null,
  created_after timestamp with time zone default null,
  created_before timestamp with time zone default null,
  everything boolean default false,
  batch_size int default 1000,
  max_tasks bigint default null,
  pause interval default null,
  reason text default null,
  inout updated bigint default null
)
language plpgsql
as $procedure$
begin
  call kanthorq_schema.kanthorq_task_all(
    'cancel', consumer, states, subject, metadata, error, created_after, created_before, everything, batch_size,
    max_tasks, pause, reason, null, false, null, updated
  );
end
$procedure$;

comment on procedure kanthorq_schema.kanthorq_task_cancel_all is 'Cancels all tasks that a filter matches and that are pending, available or retryable, batch by batch.

consumer        name of the consumer
states          only tasks in one of these states
subject         only tasks whose subject this filter matches: * is one token, > at the end is one or more
metadata        only tasks whose metadata contains this: {"customer": "42"}
error           only tasks whose last error contains this text, in this case
created_after   only tasks made at this time or later
created_before  only tasks made before this time
everything      has to be true if there is no filter at all
batch_size      how many tasks are moved, and committed, at once
max_tasks       how many tasks at most; null is no limit
pause           how long to wait between batches
reason          why, for the log

Returns the number of tasks as updated. It commits, so it can''t be called in a transaction. Raises KQ001 if there is no such consumer,
KQ002 if its table is gone, KQ003 for a bad argument or an empty filter.';

revoke all on procedure kanthorq_schema.kanthorq_task_cancel_all from public;

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
returns setof kanthorq_schema.kanthorq_task
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_state smallint := kanthorq_schema._kanthorq_task_state(initial_state);
  v_consumer record;
  v_now bigint := floor(extract(epoch from clock_timestamp()) * 1000);
begin
  perform kanthorq_schema._kanthorq_check_event_ids(event_ids);
  v_consumer := kanthorq_schema._kanthorq_consumer(consumer);

  return query execute format(
    'with made as ('
    ' insert into %s as t (event_id, subject, state, schedule_at, metadata)'
    ' select e.id, e.subject, $4, $1 + $5, e.metadata'
    ' from %s e where e.id = any ($3) order by e.id'
    ' on conflict (event_id) do nothing'
    ' returning t.*'
    ')'
    ' select %s from made t'
    ' join (select id, min(n) as n from unnest($3) with ordinality i (id, n) group by id) i on i.id = t.event_id'
    ' order by i.n',
    v_consumer.task_table,
    kanthorq_schema._kanthorq_table(
      (v_consumer.registry).stream_id, 'stream ' || quote_literal((v_consumer.registry).stream_name)
    ),
    kanthorq_schema._kanthorq_task_columns()
  )
  using v_now, (v_consumer.registry).attempt_max, event_ids, v_state, (v_consumer.registry).visibility_timeout;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_convert is 'Makes tasks of a consumer out of events of its stream.

consumer       name of the consumer
event_ids      ids of the events; any number, duplicates count once
initial_state  state of the new tasks: pending, available, running or any other

Returns the tasks that are new, as rows of type kanthorq_task in the order of event_ids. Events that are unknown or that the
consumer has a task for are passed over. Raises KQ001 if there is no such consumer, KQ002 if a table is gone, KQ003 for a bad
argument.';

revoke all on function kanthorq_schema.kanthorq_task_convert from public;

-- function: kanthorq_task_discard
-- Discards tasks that are stuck: running, overdue, and with all attempts spent.
--
-- KanthorQ never takes such a task up again, and its own calls can neither cancel nor resume it. Discarded, it can be
-- resumed. A running task that a worker may still hold, or will be given, is left alone. Logged in the caller's
-- transaction.
create or replace function
kanthorq_schema.kanthorq_task_discard(
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
  from kanthorq_schema._kanthorq_task_transition('discard', consumer, event_ids, reason) t;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_discard is 'Discards tasks that are stuck: running, overdue, and with more attempts behind them than attempt_max allows, so that no worker will ever take them.

consumer   name of the consumer
event_ids  ids of the tasks'' events; any number, duplicates count once
reason     why, for the log

Returns one row of two arrays that hold each distinct id once, in the order of event_ids:
updated    the tasks that are now discarded by this call, and can be resumed
noop       ids of tasks that are not stuck or do not exist

Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a bad argument; then nothing has changed.';

revoke all on function kanthorq_schema.kanthorq_task_discard from public;

-- function: kanthorq_task_discard_all
-- Discards all stuck tasks that a filter matches, batch by batch.
--
-- Commits each batch and says how many there were so far. Whatever stops it, whole batches are done and logged, and
-- calling it again goes on. Tasks that a worker or another session holds are skipped. See kanthorq_task_batch.
create or replace procedure
kanthorq_schema.kanthorq_task_discard_all(
  consumer text,
  states text[] default null,
  subject text default null,
  metadata jsonb default null,
  error text default null,
  created_after timestamp with time zone default null,
  created_before timestamp with time zone default null,
  everything boolean default false,
  batch_size int default 1000,
  max_tasks bigint default null,
  pause interval default null,
  reason text default null,
  inout updated bigint default null
)
language plpgsql
as $procedure$
begin
  call kanthorq_schema.kanthorq_task_all(
    'discard', consumer, states, subject, metadata, error, created_after, created_before, everything, batch_size,
    max_tasks, pause, reason, null, false, null, updated
  );
end
$procedure$;

comment on procedure kanthorq_schema.kanthorq_task_discard_all is 'Discards all tasks that a filter matches and that are stuck: running, overdue, and with their attempts spent; batch by batch.

consumer        name of the consumer
states          only tasks in one of these states
subject         only tasks whose subject this filter matches: * is one token, > at the end is one or more
metadata        only tasks whose metadata contains this: {"customer": "42"}
error           only tasks whose last error contains this text, in this case
created_after   only tasks made at this time or later
created_before  only tasks made before this time
everything      has to be true if there is no filter at all
batch_size      how many tasks are moved, and committed, at once
max_tasks       how many tasks at most; null is no limit
pause           how long to wait between batches
reason          why, for the log

Returns the number of tasks as updated. It commits, so it can''t be called in a transaction. Raises KQ001 if there is no such consumer,
KQ002 if its table is gone, KQ003 for a bad argument or an empty filter.';

revoke all on procedure kanthorq_schema.kanthorq_task_discard_all from public;

-- function: kanthorq_task_explain
-- Says of each task what cancel, resume and discard would do to it, why, and when it will next run.
--
-- Whether an action takes a task is decided by the very condition that the action uses.
create or replace function kanthorq_schema.kanthorq_task_explain(consumer text, event_ids text[])
returns table (
  event_id text,
  state text,
  can_cancel boolean,
  can_resume boolean,
  can_discard boolean,
  why text,
  next_run_at timestamp with time zone
)
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_consumer record;
  v_cancel record := kanthorq_schema._kanthorq_task_action('cancel');
  v_resume record := kanthorq_schema._kanthorq_task_action('resume');
  v_discard record := kanthorq_schema._kanthorq_task_action('discard');
  v_now bigint := floor(extract(epoch from clock_timestamp()) * 1000);
begin
  perform kanthorq_schema._kanthorq_check_event_ids(event_ids);
  v_consumer := kanthorq_schema._kanthorq_consumer(consumer);

  return query execute format(
    'select i.event_id, s.name,'
    ' coalesce(t.state = any ($4) and %2$s, false),'
    ' coalesce(t.state = any ($5) and %3$s, false),'
    ' coalesce(t.state = any ($6) and %4$s, false),'
    ' kanthorq_schema._kanthorq_task_why(s.name, t.schedule_at, t.finalized_at, t.attempt_count, $2,'
    '   t.attempted_error[array_upper(t.attempted_error, 1)] ->> ''error'', $1),'
    ' case when s.name in (''running'', ''retryable'') and t.attempt_count <= $2'
    '   then to_timestamp(greatest(t.schedule_at, $1) / 1000.0) end'
    ' from (select u.event_id, min(u.n) as n from unnest($3) with ordinality u (event_id, n) group by u.event_id) i'
    ' left join %1$s t on t.event_id = i.event_id'
    ' left join kanthorq_schema._kanthorq_task_states() s on s.code = t.state'
    ' order by i.n',
    v_consumer.task_table,
    v_cancel.condition,
    v_resume.condition,
    v_discard.condition
  )
  using v_now, (v_consumer.registry).attempt_max, event_ids,
    v_cancel.from_states, v_resume.from_states, v_discard.from_states;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_explain is 'Says what cancel, resume and discard would do to each task, and why, without doing it.

consumer     name of the consumer
event_ids    ids of the tasks'' events; any number, duplicates count once

Returns a row for each distinct id, in the order of event_ids:
state        null if there is no such task
can_cancel   whether kanthorq_task_cancel would update it now; likewise can_resume and can_discard
why          a sentence about where it stands and what can be done
next_run_at  when a worker may take it, at the earliest; null if none ever will unless a person acts

Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a bad argument.';

revoke all on function kanthorq_schema.kanthorq_task_explain from public;

-- function: kanthorq_task_find
-- Finds the tasks of a consumer that a filter matches, a page at a time.
--
-- Pages follow each other by event id, which is the order in which the events were made: pass the last event_id of a page
-- as `after` to get the next one. A page costs as many rows as have to be looked at to fill it: PostgreSQL goes through
-- the table's key, or through an index on the state where it expects that to be less.
create or replace function
kanthorq_schema.kanthorq_task_find(
  consumer text,
  states text[] default null,
  subject text default null,
  metadata jsonb default null,
  error text default null,
  created_after timestamp with time zone default null,
  created_before timestamp with time zone default null,
  after text default null,
  max_tasks int default 100,
  oldest_first boolean default false
)
returns setof kanthorq_schema.kanthorq_task
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_consumer record := kanthorq_schema._kanthorq_consumer(consumer);
  v_filter record := kanthorq_schema._kanthorq_task_filter(
    states, subject, metadata, error, created_after, created_before
  );
  v_now bigint := floor(extract(epoch from clock_timestamp()) * 1000);
  v_page text := case when after is null then 'true' when oldest_first then 't.event_id > $9' else 't.event_id < $9' end;
begin
  if max_tasks is null or max_tasks < 1 then
    raise exception 'max_tasks is %', coalesce(max_tasks::text, 'null')
      using errcode = 'KQ003', hint = 'Pass how many tasks a page may have, at least 1.';
  end if;
  return query execute format(
    'select %s from %s t where %s and %s order by t.event_id %s limit $10',
    kanthorq_schema._kanthorq_task_columns(),
    v_consumer.task_table,
    v_filter.condition,
    v_page,
    case when oldest_first then 'asc' else 'desc' end
  )
  using v_now, (v_consumer.registry).attempt_max, v_filter.codes, v_filter.subject_pattern, metadata, error,
    v_filter.created_from, v_filter.created_to, after, max_tasks;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_find is 'Finds the tasks of a consumer, newest event first, a page at a time.

consumer        name of the consumer
states          only tasks in one of these states: pending, available, running, completed, retryable, discarded, cancelled
subject         only tasks whose subject this filter matches: * is one token, > at the end is one or more
metadata        only tasks whose metadata contains this: {"customer": "42"}
error           only tasks whose last error contains this text, in this case
created_after   only tasks made at this time or later
created_before  only tasks made before this time
after           the last event_id of the page before; null is the first page
max_tasks       how many at most
oldest_first    true turns the order round

Returns rows of type kanthorq_task. Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a bad filter.';

revoke all on function kanthorq_schema.kanthorq_task_find from public;

-- function: kanthorq_task_operation_purge
-- Deletes the part of the log that is older than a point in time. What is deleted can't be undone any more.
create or replace function
kanthorq_schema.kanthorq_task_operation_purge(
  before timestamp with time zone
)
returns bigint
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_count bigint;
begin
  if before is null then
    raise exception 'before is null'
      using errcode = 'KQ003', hint = 'Pass the time up to which the log may go: now() - interval ''90 days''';
  end if;
  delete from kanthorq_schema.kanthorq_task_operation o where o.at < before;
  get diagnostics v_count = row_count;
  return v_count;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_operation_purge is 'Deletes all operations from the log that are older than a point in time, and returns how many they were.

before  the time up to which the log may go: now() - interval ''90 days''

What is deleted can''t be undone any more. Raises KQ003 for null.';

revoke all on function kanthorq_schema.kanthorq_task_operation_purge from public;

-- function: kanthorq_task_resume
-- Resumes tasks: discarded and cancelled ones will be worked again.
--
-- They become running, because that is the state from which KanthorQ's pullers take a task; see _kanthorq_task_action.
-- schedule_at is now, not where back-off had put it hours ahead, and at least one attempt is left. attempted_error and
-- metadata stay. Logged in the caller's transaction.
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
    'resume', consumer, event_ids, reason, schedule_at, reset_attempts
  ) t;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_resume is 'Resumes tasks that are discarded or cancelled, so that they are worked again. They become running, due at once or at schedule_at.

consumer        name of the consumer
event_ids       ids of the tasks'' events; any number, duplicates count once
reason          why, for the log
schedule_at     when they are due; null is now
reset_attempts  true gives them all their attempts back; otherwise at least one is left

Returns one row of two arrays that hold each distinct id once, in the order of event_ids:
updated         the tasks that are now resumed by this call
noop            ids of tasks that are in another state or do not exist

Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a bad argument; then nothing has changed.';

revoke all on function kanthorq_schema.kanthorq_task_resume from public;

-- function: kanthorq_task_stats
-- How many tasks a consumer has in each state. Looks at all of its tasks.
--
-- Without a name, all consumers of the registry; one whose table is gone is left out, kanthorq_doctor() tells of it.
create or replace function kanthorq_schema.kanthorq_task_stats(consumer text default null)
returns table (
  consumer_name text,
  state text,
  tasks bigint,
  oldest timestamp with time zone,
  next_due timestamp with time zone,
  stuck bigint
)
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_name text;
  v_consumer record;
  v_action record := kanthorq_schema._kanthorq_task_action('discard');
  v_now bigint := floor(extract(epoch from clock_timestamp()) * 1000);
begin
  if consumer is not null then
    perform kanthorq_schema._kanthorq_consumer(consumer);
  end if;
  for v_name in
    select r.name from kanthorq_schema.kanthorq_consumer_registry r
    where (consumer is null or r.name = consumer)
      and to_regclass(format('kanthorq_schema.%I', 'kanthorq_' || r.id)) is not null
    order by r.name
  loop
    v_consumer := kanthorq_schema._kanthorq_consumer(v_name);
    return query execute format(
      'select $3, s.name, c.tasks, to_timestamp(c.oldest / 1000.0), to_timestamp(c.due / 1000.0), c.stuck'
      ' from ('
      '   select t.state, count(*) as tasks, min(t.created_at) as oldest,'
      '     min(t.schedule_at) filter (where t.state = any ($4) and t.attempt_count <= $2) as due,'
      '     count(*) filter (where t.state = any ($5) and %s) as stuck'
      '   from %s t group by t.state'
      ' ) c'
      ' join kanthorq_schema._kanthorq_task_states() s on s.code = c.state'
      ' order by c.state',
      v_action.condition,
      v_consumer.task_table
    )
    using v_now, (v_consumer.registry).attempt_max, v_name,
      array[kanthorq_schema._kanthorq_task_state('running'), kanthorq_schema._kanthorq_task_state('retryable')],
      v_action.from_states;
  end loop;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_stats is 'How many tasks there are in each state, for one consumer or, with null, for all of them.

Returns a row for each consumer and state that has tasks:
oldest    when the oldest of them was made
next_due  when the first of them that a worker may take is due; in the past if one is waiting, null if there is none
stuck     how many are running, overdue and with their attempts spent: kanthorq_task_discard frees them

Raises KQ001 if there is no such consumer, KQ002 if its table is gone.';

revoke all on function kanthorq_schema.kanthorq_task_stats from public;

-- function: kanthorq_task_undo
-- Puts the tasks of an operation back to what they were before it, where nothing has touched them since.
--
-- A task is as the operation left it if it has the state, updated_at, finalized_at and attempt_count that the operation gave
-- it: every transition of ours sets updated_at, and whatever KanthorQ does to such a task changes its state, adds an
-- attempt, or finalizes it anew. All others are no-ops. updated_at goes back too, so that the operation before can be undone
-- next.
--
-- The tasks are locked in the order of their ids first, like those of any transition. The undo is an operation itself, and
-- can be undone.
create or replace function
kanthorq_schema.kanthorq_task_undo(
  operation_id bigint,
  reason text default null,
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
as $function$
declare
  v_operation kanthorq_schema.kanthorq_task_operation;
  v_consumer record;
  v_at bigint;
  v_to_state smallint;
  v_done kanthorq_schema.kanthorq_task_operation;
begin
  select o.* into v_operation from kanthorq_schema.kanthorq_task_operation o where o.id = operation_id;
  if not found then
    raise exception 'there is no operation %', coalesce(operation_id::text, 'null')
      using errcode = 'KQ004', hint = 'kanthorq_task_operations() lists them; an old one may have been purged.';
  end if;
  v_consumer := kanthorq_schema._kanthorq_consumer(v_operation.consumer);

  -- What the log leaves out follows from the action.
  v_at := extract(epoch from v_operation.at) * 1000;
  if v_operation.action <> 'undo' then
    v_to_state := (kanthorq_schema._kanthorq_task_action(v_operation.action)).to_state;
  end if;
  v_done.at := date_trunc('milliseconds', clock_timestamp());
  v_done.action := 'undo';
  v_done.consumer := v_operation.consumer;
  v_done.reason := reason;
  v_done.undoes := operation_id;

  execute format(
    'with entry as ('
    ' select * from unnest((select $2), (select $3), (select $4), (select $5), (select $6), (select $7), (select $8), (select $9), (select $10), (select $11))'
    '   as e (event_id, from_state, from_updated_at, from_schedule_at, from_finalized_at, from_attempt_count,'
    '     to_state, to_updated_at, to_finalized_at, to_attempt_count)'
    '), locked as materialized ('
    ' select e.event_id, t.state as is_state, t.updated_at as is_updated_at, t.schedule_at as is_schedule_at, t.finalized_at as is_finalized_at,'
    '   t.attempt_count as is_attempt_count, e.from_state, e.from_updated_at, e.from_schedule_at, e.from_finalized_at, e.from_attempt_count,'
    '   coalesce(e.to_state, $12) as to_state, coalesce(e.to_updated_at, $1) as to_updated_at,'
    '   coalesce(e.to_finalized_at, $13) as to_finalized_at, e.to_attempt_count'
    ' from entry e join %1$s t on t.event_id = e.event_id'
    ' order by t.event_id for no key update of t'
    '), moved as ('
    ' update %1$s as t set state = l.from_state, updated_at = l.from_updated_at, finalized_at = coalesce(l.from_finalized_at, 0),'
    '   schedule_at = coalesce(l.from_schedule_at, t.schedule_at),'
    '   attempt_count = coalesce(l.from_attempt_count, t.attempt_count)'
    ' from locked l'
    ' where t.event_id = l.event_id and t.state = l.to_state and t.updated_at = l.to_updated_at and t.finalized_at = l.to_finalized_at'
    '   and t.attempt_count = coalesce(l.to_attempt_count, t.attempt_count)'
    ' returning l.*, t.finalized_at as now_finalized_at, t.attempt_count as now_attempt_count'
    ')'
    ' select coalesce(array_agg(event_id), ''{}''), array_agg(is_state), array_agg(is_updated_at), array_agg(is_schedule_at),'
    '   array_agg(is_finalized_at), array_agg(is_attempt_count),'
    '   array_agg(from_state), array_agg(from_updated_at), array_agg(now_finalized_at),'
    '   array_agg(now_attempt_count) from moved',
    v_consumer.task_table
  )
  into v_done.event_ids, v_done.from_state, v_done.from_updated_at, v_done.from_schedule_at, v_done.from_finalized_at,
    v_done.from_attempt_count, v_done.to_state, v_done.to_updated_at, v_done.to_finalized_at, v_done.to_attempt_count
  using v_at, v_operation.event_ids, v_operation.from_state, v_operation.from_updated_at, v_operation.from_schedule_at,
    v_operation.from_finalized_at, v_operation.from_attempt_count, v_operation.to_state, v_operation.to_updated_at,
    v_operation.to_finalized_at, v_operation.to_attempt_count, v_to_state,
    case when v_operation.action = 'resume' then 0 else v_at end;

  if cardinality(v_done.event_ids) > 0 then
    perform kanthorq_schema._kanthorq_task_log(v_done);
  end if;

  select p.updated, p.noop into updated, noop
  from kanthorq_schema._kanthorq_partition_ids(v_operation.event_ids, v_done.event_ids) p;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_undo is 'Undoes an operation of the log: puts its tasks back to the state each came from, where nothing has moved them since.

operation_id  an id of kanthorq_task_operations
reason        why, for the log

Returns one row of two arrays that hold each task of the operation once:
updated       the tasks that are now as they were before the operation
noop          ids of tasks that something has touched since, or that do not exist any more

An undo is an operation itself, and can be undone. Raises KQ004 if there is no such operation, KQ001 or KQ002 if its consumer is
gone.';

revoke all on function kanthorq_schema.kanthorq_task_undo from public;
$sql$, 'kanthorq_schema', quote_ident(current_schema()));
end
$migration$;
