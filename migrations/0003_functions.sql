-- Up Migration
do $migration$
declare
  v_path text := pg_catalog.current_setting('search_path');
  v_schema text := pg_catalog.current_schema();
begin
  perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
  perform set_config('check_function_bodies', 'off', true);
  v_schema := coalesce(nullif(current_setting('kanthorq.schema', true), ''), v_schema);
  if coalesce(v_schema ~ '[''"$%[:cntrl:]]' or strpos(v_schema, chr(92)) > 0, true) then
    raise exception 'can''t install into schema %', coalesce(quote_literal(v_schema), 'null')
      using errcode = 'KQ003', hint = 'Set search_path to an existing schema without quotes, $, % or backslashes in its name.';
  end if;

  execute replace($sql$
do $levels$
declare
  v_levels jsonb;
begin
  if exists (
    select from pg_proc p
    where p.oid = to_regprocedure('kanthorq_schema._kanthorq_role_levels()') and pg_get_userbyid(p.proowner) = current_user
  ) then
    select jsonb_object_agg(pg_get_userbyid(l.role), l.level) into v_levels
    from kanthorq_schema._kanthorq_role_levels() l
    where l.level is not null;
  end if;
  perform set_config('kanthorq.levels', coalesce(v_levels, '{}')::text, true);
end
$levels$;

do $drop$
declare
  v_functions text := (
    select string_agg(p.oid::regprocedure::text, ', ')
    from pg_proc p
    where p.pronamespace = 'kanthorq_schema'::regnamespace and pg_get_userbyid(p.proowner) = current_user
      and p.proname in ('_kanthorq_archive_sql', '_kanthorq_as_milliseconds', '_kanthorq_as_time', '_kanthorq_bulk', '_kanthorq_check_action', '_kanthorq_check_can_commit', '_kanthorq_check_event_ids', '_kanthorq_check_filter', '_kanthorq_check_name', '_kanthorq_check_progress', '_kanthorq_check_purge', '_kanthorq_check_role', '_kanthorq_check_schema', '_kanthorq_check_states', '_kanthorq_check_subject', '_kanthorq_check_subject_filters', '_kanthorq_check_takes', '_kanthorq_claimed_by', '_kanthorq_consumer', '_kanthorq_consumers', '_kanthorq_crockford', '_kanthorq_divide_ids', '_kanthorq_doctor_findings', '_kanthorq_doctor_installation', '_kanthorq_doctor_rights', '_kanthorq_doctor_tables', '_kanthorq_doctor_tasks', '_kanthorq_due', '_kanthorq_error_time', '_kanthorq_find_table', '_kanthorq_fingerprint', '_kanthorq_folded', '_kanthorq_function_levels', '_kanthorq_has_scheduling_index', '_kanthorq_held', '_kanthorq_held_cursor', '_kanthorq_hold_triggers', '_kanthorq_id', '_kanthorq_id_time', '_kanthorq_levels', '_kanthorq_names_hint', '_kanthorq_newest_migration', '_kanthorq_now', '_kanthorq_one_line', '_kanthorq_only_sql', '_kanthorq_own_tables', '_kanthorq_purge_all', '_kanthorq_purge_log', '_kanthorq_purged_to', '_kanthorq_refuse_claim', '_kanthorq_refuse_state', '_kanthorq_refuse_table', '_kanthorq_refuses_claims', '_kanthorq_registered', '_kanthorq_reset_rights', '_kanthorq_revoke_usage', '_kanthorq_role_levels', '_kanthorq_set_claims', '_kanthorq_set_level', '_kanthorq_shown', '_kanthorq_stream', '_kanthorq_subject_pattern', '_kanthorq_table_fault', '_kanthorq_table_repair', '_kanthorq_task_all', '_kanthorq_task_columns_sql', '_kanthorq_task_estimate', '_kanthorq_task_log', '_kanthorq_task_matches', '_kanthorq_task_report', '_kanthorq_task_state', '_kanthorq_task_state_name', '_kanthorq_task_states', '_kanthorq_task_takes_sql', '_kanthorq_task_transition', '_kanthorq_task_undo', '_kanthorq_task_why', '_kanthorq_time_limit', '_kanthorq_trigger_fault', '_kanthorq_true_cursor', '_kanthorq_wanted_pattern', 'kanthorq_consumer_hold', 'kanthorq_consumer_list', 'kanthorq_consumer_register', 'kanthorq_consumer_release', 'kanthorq_doctor', 'kanthorq_event_missed', 'kanthorq_event_purge', 'kanthorq_event_purge_batch', 'kanthorq_grant', 'kanthorq_help', 'kanthorq_revoke', 'kanthorq_stream_publish', 'kanthorq_stream_publish_many', 'kanthorq_stream_register', 'kanthorq_task_batch', 'kanthorq_task_cancel', 'kanthorq_task_cancel_all', 'kanthorq_task_complete', 'kanthorq_task_convert', 'kanthorq_task_count', 'kanthorq_task_discard', 'kanthorq_task_discard_all', 'kanthorq_task_errors', 'kanthorq_task_explain', 'kanthorq_task_extend', 'kanthorq_task_fail', 'kanthorq_task_find', 'kanthorq_task_history', 'kanthorq_task_operation_purge', 'kanthorq_task_operations', 'kanthorq_task_preview', 'kanthorq_task_pull', 'kanthorq_task_purge', 'kanthorq_task_purge_batch', 'kanthorq_task_rates', 'kanthorq_task_release', 'kanthorq_task_resume', 'kanthorq_task_resume_all', 'kanthorq_task_stats', 'kanthorq_task_undo', 'kanthorq_task_undo_all', 'kanthorq_task_undo_batch', 'kanthorq_task_undo_preview')
      and p.prorettype <> 'trigger'::regtype
  );
begin
  if v_functions is not null then
    execute 'drop routine ' || v_functions;
  end if;
end
$drop$;

-- function: _kanthorq_archive_sql
create or replace function
kanthorq_schema._kanthorq_archive_sql(
  archive text,
  source regclass,
  kind text
)
returns text
language plpgsql
stable
as $function$
declare
  v_archive regclass;
  v_fault text;
  v_columns text;
begin
  if archive is null then
    return '';
  end if;
  select c.oid,
    case
      when exists (select from kanthorq_schema._kanthorq_registered() r where r.task_table = c.oid)
        or exists (select from kanthorq_schema._kanthorq_own_tables() o where o.name = c.oid) then 'is in use by KanthorQ'
      when c.relpersistence <> 'p' then 'loses its rows in a crash or with the session'
      else kanthorq_schema._kanthorq_table_fault(c.oid::regclass, kind)
    end
  into v_archive, v_fault
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  where c.relname = archive and n.oid = 'kanthorq_schema'::regnamespace or n.nspname || '.' || c.relname = archive
  order by n.oid = 'kanthorq_schema'::regnamespace desc
  limit 1;
  if v_archive is null then
    v_fault := 'does not exist';
  elsif v_fault is null then
    select string_agg(quote_ident(s.attname), ', ' order by s.attnum),
      'has no column ' || quote_literal(min(s.attname::text) filter (where a.attnum is null)) || ' of the same type'
    into v_columns, v_fault
    from pg_attribute s
    left join pg_attribute a on a.attrelid = v_archive and a.attname = s.attname and a.atttypid = s.atttypid
      and a.attnum > 0 and a.attgenerated = ''
    where s.attrelid = source and s.attnum > 0 and not s.attisdropped and s.attgenerated = '';
  end if;
  if v_fault is not null then
    raise exception 'the archive % %', kanthorq_schema._kanthorq_shown(archive), v_fault
      using errcode = 'KQ003', hint = format('Make a table for it: create table my_archive (like %s)', source);
  end if;
  return format(
    ', archived as (insert into %1$s (%2$s) select %2$s from gone)', v_archive, v_columns
  );
end
$function$;

comment on function kanthorq_schema._kanthorq_archive_sql(text, regclass, text) is 'Internal. The part of a purge that keeps the rows in an archive table; KQ003 for a bad one.';

-- function: _kanthorq_as_milliseconds
create or replace function kanthorq_schema._kanthorq_as_milliseconds(moment timestamp with time zone)
returns bigint
language sql
immutable
return floor(extract(epoch from moment) * 1000)::bigint;

comment on function kanthorq_schema._kanthorq_as_milliseconds(timestamp with time zone) is 'Internal. A time in epoch milliseconds.';

-- function: _kanthorq_as_time
create or replace function kanthorq_schema._kanthorq_as_time(milliseconds bigint)
returns timestamp with time zone
language sql
immutable
return case
  when milliseconds < 0 then to_timestamp(0)
  when milliseconds > 8640000000000000 then to_timestamp(8640000000000.0)
  else to_timestamp(milliseconds / 1000.0)
end;

comment on function kanthorq_schema._kanthorq_as_time(bigint) is 'Internal. Epoch milliseconds as a time.';

-- function: _kanthorq_bulk
create or replace function
kanthorq_schema._kanthorq_bulk(
  bulk_id bigint,
  consumer text,
  action text
)
returns bigint
language plpgsql
volatile
as $function$
declare
  v_bulk record;
begin
  select o.id, o.undone into v_bulk
  from kanthorq_schema.kanthorq_task_operation o
  where o.id = _kanthorq_bulk.bulk_id and o.bulk_id is null and o.consumer = _kanthorq_bulk.consumer
    and o.action = _kanthorq_bulk.action and o.actor = session_user
  for share;
  if v_bulk.undone then
    raise exception 'bulk % has been undone', bulk_id
      using errcode = 'KQ004', hint = 'Nothing more is moved under it. Begin anew to take the tasks that still match.';
  end if;
  return v_bulk.id;
end
$function$;

comment on function kanthorq_schema._kanthorq_bulk(bigint, text, text) is 'Internal. The first batch of the bulk that a progress names, or null.';

-- function: _kanthorq_check_action
create or replace function kanthorq_schema._kanthorq_check_action(action text)
returns void
language plpgsql
immutable
as $function$
begin
  if action is null or action not in ('cancel', 'resume', 'discard') then
    raise exception '% is not an action', kanthorq_schema._kanthorq_shown(action)
      using errcode = 'KQ003', hint = 'The actions are cancel, resume and discard.';
  end if;
end
$function$;

comment on function kanthorq_schema._kanthorq_check_action(text) is 'Internal. Raises KQ003 for a word that is no action.';

-- function: _kanthorq_check_can_commit
create or replace procedure kanthorq_schema._kanthorq_check_can_commit(name text, pause interval)
language plpgsql
as $procedure$
begin
  begin
    commit;
  exception when invalid_transaction_termination then
    if sqlerrm operator(pg_catalog.=) 'invalid transaction termination' then
      raise exception '% commits each batch, so it can''t be part of a transaction', name
        using errcode = 'active_sql_transaction',
          hint = 'Call it outside BEGIN and outside a function; or call the function that does one batch in your transaction.';
    end if;
  end;
  if pause operator(pg_catalog.<) interval '0' or pause operator(pg_catalog.>) interval '1 day' then
    raise exception 'pause is %', pause using errcode = 'KQ003', hint = 'Pass an interval of at most a day, or null.';
  end if;
end
$procedure$;

comment on procedure kanthorq_schema._kanthorq_check_can_commit(text, interval) is 'Internal. Refuses a transaction around a call that commits, and a bad pause.';

-- function: _kanthorq_check_event_ids
create or replace function kanthorq_schema._kanthorq_check_event_ids(event_ids text[])
returns void
language plpgsql
immutable
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

comment on function kanthorq_schema._kanthorq_check_event_ids(text[]) is 'Internal. Raises KQ003 unless the argument is a one-dimensional array of non-empty ids.';

-- function: _kanthorq_check_filter
create or replace function
kanthorq_schema._kanthorq_check_filter(
  states text[],
  subject text,
  metadata jsonb,
  error text,
  fingerprint text,
  created_after timestamp with time zone,
  created_before timestamp with time zone,
  finalized_after timestamp with time zone,
  finalized_before timestamp with time zone
)
returns kanthorq_schema._kanthorq_task_filter
language plpgsql
immutable
as $function$
declare
  v_filter kanthorq_schema._kanthorq_task_filter;
begin
  v_filter.states := kanthorq_schema._kanthorq_check_states(states);
  if subject = '' then
    raise exception 'subject is empty'
      using errcode = 'KQ003', hint = 'Pass null for any subject, or a filter such as order.>';
  elsif length(subject) > 256 then
    raise exception 'subject has % characters', length(subject)
      using errcode = 'KQ003', hint = 'No subject has more than 256.';
  elsif subject ~ '[*>]' then
    v_filter.subject_pattern := kanthorq_schema._kanthorq_subject_pattern(subject);
  else
    v_filter.subject := subject;
  end if;
  if jsonb_typeof(metadata) <> 'object' then
    raise exception 'metadata is not an object but %', jsonb_typeof(metadata)
      using errcode = 'KQ003', hint = 'Pass an object that the tasks'' metadata contains: {"customer": "42"}';
  elsif metadata = '{}' then
    raise exception 'metadata is empty'
      using errcode = 'KQ003', hint = 'Pass null for any metadata, or an object with a key: {"customer": "42"}';
  end if;
  v_filter.metadata := metadata;
  if error = '' then
    raise exception 'error is empty'
      using errcode = 'KQ003', hint = 'Pass null for any error, or a part of the last error''s text.';
  end if;
  v_filter.error := kanthorq_schema._kanthorq_folded(error);
  if fingerprint <> kanthorq_schema._kanthorq_fingerprint(fingerprint) then
    raise exception 'fingerprint is %, which is not one', kanthorq_schema._kanthorq_shown(fingerprint)
      using errcode = 'KQ003', hint = format(
        'The fingerprint of this text is %L; kanthorq_task_errors() lists those that there are.',
        kanthorq_schema._kanthorq_fingerprint(fingerprint)
      );
  end if;
  v_filter.fingerprint := fingerprint;
  v_filter.fingerprint_start := split_part(fingerprint, '*', 1);
  v_filter.created_from := kanthorq_schema._kanthorq_time_limit('created_after', created_after);
  v_filter.created_to := kanthorq_schema._kanthorq_time_limit('created_before', created_before);
  v_filter.finalized_from := kanthorq_schema._kanthorq_time_limit('finalized_after', finalized_after);
  v_filter.finalized_to := kanthorq_schema._kanthorq_time_limit('finalized_before', finalized_before);
  -- 0 is no time: such a task is not finished.
  if finalized_after is not null or finalized_before is not null then
    v_filter.finalized_from := greatest(v_filter.finalized_from, 1);
  end if;
  return case when v_filter is null then null else v_filter end;
end
$function$;

comment on function kanthorq_schema._kanthorq_check_filter(text[], text, jsonb, text, text, timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone) is 'Internal. The common filter of its arguments; KQ003 for a bad one, null for an empty one.';

-- function: _kanthorq_check_name
create or replace function kanthorq_schema._kanthorq_check_name(kind text, name text)
returns void
language plpgsql
immutable
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

comment on function kanthorq_schema._kanthorq_check_name(text, text) is 'Internal. Raises KQ003 unless the text is a name that KanthorQ accepts for a stream or a consumer.';

-- function: _kanthorq_check_progress
create or replace function
kanthorq_schema._kanthorq_check_progress(
  progress kanthorq_schema.kanthorq_task_progress,
  of_undo boolean
)
returns void
language plpgsql
immutable
as $function$
begin
  if (
    progress.started between 0 and 8640000000000000 and progress.moved between 0 and 1000000000000000
    and progress.skipped between 0 and 1000000000000000 and progress.found between 0 and 1000000000000000
    and of_undo = (progress.last_position is null) and (not of_undo or coalesce(progress.position, '0') ~ '^[0-9]{1,18}$')
  ) is not true then
    raise exception 'progress is not one of this call: %', left(progress::text, 100)
      using errcode = 'KQ003',
        hint = 'Pass null to begin, then the progress that the batch before returned, with the other arguments unchanged.';
  end if;
end
$function$;

comment on function kanthorq_schema._kanthorq_check_progress(kanthorq_schema.kanthorq_task_progress, boolean) is 'Internal. Raises KQ003 for a progress that no batch returned.';

-- function: _kanthorq_check_purge
create or replace function
kanthorq_schema._kanthorq_check_purge(
  name text,
  moment timestamp with time zone,
  batch_size int,
  most bigint,
  progress kanthorq_schema.kanthorq_task_progress
)
returns bigint
language plpgsql
immutable
as $function$
begin
  if moment is null or not isfinite(moment) then
    raise exception '% is %', name, coalesce(moment::text, 'null')
      using errcode = 'KQ003', hint = 'Pass the time up to which rows may go: now() - interval ''30 days''';
  end if;
  if batch_size is null or batch_size < 1 or most < 1 then
    raise exception 'batch_size is %, the most rows are %', coalesce(batch_size::text, 'null'), coalesce(most::text, 'null')
      using errcode = 'KQ003', hint = 'Both have to be at least 1; null for the most rows is no limit.';
  end if;
  if not (progress is null) then
    perform kanthorq_schema._kanthorq_check_progress(progress, false);
  end if;
  return kanthorq_schema._kanthorq_as_milliseconds(moment);
end
$function$;

comment on function kanthorq_schema._kanthorq_check_purge(text, timestamp with time zone, int, bigint, kanthorq_schema.kanthorq_task_progress) is 'Internal. The time of a purge in epoch milliseconds; KQ003 for a bad argument.';

-- function: _kanthorq_check_role
create or replace function kanthorq_schema._kanthorq_check_role(role text)
returns void
language plpgsql
stable
as $function$
begin
  perform kanthorq_schema._kanthorq_check_schema();
  if not exists (select from pg_roles r where r.rolname::text = role) then
    raise exception 'there is no role %', kanthorq_schema._kanthorq_shown(role)
      using errcode = 'KQ003', hint = 'Name a role that exists; CREATE ROLE makes one. PUBLIC can''t be given anything here.';
  end if;
end
$function$;

comment on function kanthorq_schema._kanthorq_check_role(text) is 'Internal. Raises KQ003 for a name that is no role.';

-- function: _kanthorq_check_schema
create or replace function kanthorq_schema._kanthorq_check_schema()
returns void
language plpgsql
stable
as $function$
declare
  v_table regclass;
begin
  select c.oid into v_table
  from pg_class c
  where c.oid in (
      'kanthorq_schema.kanthorq_consumer_registry'::regclass, 'kanthorq_schema.kanthorq_stream_registry'::regclass,
      'kanthorq_schema.kanthorq_task_operation'::regclass, 'kanthorq_schema.kanthorq_consumer_hold'::regclass
    )
    and (pg_get_userbyid(c.relowner) <> current_user or c.relkind <> 'r' or c.relrowsecurity or c.relhastriggers
      or c.relacl <> acldefault('r', c.relowner))
    and kanthorq_schema._kanthorq_table_fault(c.oid::regclass, null::text) is not null
  limit 1;
  if found then
    raise exception 'the table % %', v_table, kanthorq_schema._kanthorq_table_fault(v_table, null::text)
      using errcode = 'KQ002', hint = 'kanthorq_doctor() has the statement that repairs it.';
  end if;
  if kanthorq_schema._kanthorq_claimed_by() is not null then
    raise exception 'the functions of schema % work on the tables of this schema, whose name it had', kanthorq_schema._kanthorq_claimed_by()
      using errcode = 'KQ002',
        hint = format('npx kanthorq-tasks migrate up --schema %s repairs them.', kanthorq_schema._kanthorq_claimed_by());
  end if;
end
$function$;

comment on function kanthorq_schema._kanthorq_check_schema() is 'Internal. Raises KQ002 where the registries or our tables are not ours.';

-- function: _kanthorq_check_states
create or replace function kanthorq_schema._kanthorq_check_states(states text[])
returns smallint[]
language plpgsql
immutable
as $function$
declare
  v_unknown text;
begin
  if cardinality(states) = 0 or array_ndims(states) > 1 then
    raise exception 'states is not a list of at least one state'
      using errcode = 'KQ003', hint = 'Leave it out for those that are meant by default.';
  end if;
  select s into v_unknown from unnest(states) s where kanthorq_schema._kanthorq_task_state(s) is null limit 1;
  if found then
    perform kanthorq_schema._kanthorq_refuse_state(v_unknown);
  end if;
  return (select array_agg(kanthorq_schema._kanthorq_task_state(s)) from unnest(states) s);
end
$function$;

comment on function kanthorq_schema._kanthorq_check_states(text[]) is 'Internal. The codes of states; KQ003 for an unknown one.';

-- function: _kanthorq_check_subject
create or replace function kanthorq_schema._kanthorq_check_subject(subject text)
returns void
language plpgsql
immutable
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

comment on function kanthorq_schema._kanthorq_check_subject(text) is 'Internal. Raises KQ003 unless the text is a subject that KanthorQ accepts.';

-- function: _kanthorq_check_subject_filters
create or replace function
kanthorq_schema._kanthorq_check_subject_filters(
  argument text,
  filters text[]
)
returns void
language plpgsql
immutable
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

comment on function kanthorq_schema._kanthorq_check_subject_filters(text, text[]) is 'Internal. Raises KQ003 unless every element is a subject filter that can match something.';

-- function: _kanthorq_check_takes
create or replace function
kanthorq_schema._kanthorq_check_takes(
  action text,
  states text[],
  running boolean
)
returns void
language plpgsql
immutable
as $function$
declare
  v_takes text[] := case action
    when 'cancel' then array['pending', 'available', 'retryable'] || case when running then array['running'] else '{}' end
    when 'resume' then array['discarded', 'cancelled']
    when 'discard' then array['running']
  end;
begin
  if running and action <> 'cancel' then
    raise exception '% takes no running', action using errcode = 'KQ003', hint = 'Only cancel does.';
  end if;
  if states is not null and not states && v_takes then
    raise exception '% does not take tasks in state %', action, (select string_agg(distinct s, ', ') from unnest(states) s)
      using errcode = 'KQ003', hint = format(
        'It takes %s%s.', array_to_string(v_takes, ', '),
        case when action = 'cancel' and 'running' = any (states) then '; running ones only with running => true' else '' end
      );
  end if;
end
$function$;

comment on function kanthorq_schema._kanthorq_check_takes(text, text[], boolean) is 'Internal. Raises KQ003 for states of which an action takes no task.';

-- function: _kanthorq_claimed_by
create or replace function kanthorq_schema._kanthorq_claimed_by()
returns regnamespace
language plpgsql
stable
as $function$
begin
  return (
    select p.pronamespace
    from pg_proc p
    where p.proname = '_kanthorq_claimed_by'
      and p.pronamespace <> 'kanthorq_schema'::regnamespace
      and pg_get_userbyid(p.proowner) = current_user
      and strpos(p.prosrc, $$'kanthorq_schema'::regnamespace$$) > 0
    limit 1
  );
end
$function$;

comment on function kanthorq_schema._kanthorq_claimed_by() is 'Internal. Another schema whose functions work on the tables of this one.';

-- function: _kanthorq_consumer
create or replace function
kanthorq_schema._kanthorq_consumer(
  consumer text,
  out id text,
  out stream_id text,
  out stream_name text,
  out attempt_max smallint,
  out visibility_timeout bigint,
  out tasks text
)
returns record
language plpgsql
stable
as $function$
begin
  perform kanthorq_schema._kanthorq_check_schema();
  select r.id, r.stream_id, r.stream_name, r.attempt_max, r.visibility_timeout,
    case when kanthorq_schema._kanthorq_table_fault(c.oid::regclass, 'consumer') is null
      then case c.relkind when 'p' then '' else 'only ' end || c.oid::regclass
    end
  into id, stream_id, stream_name, attempt_max, visibility_timeout, tasks
  from kanthorq_schema.kanthorq_consumer_registry r
  left join pg_class c on c.relname = 'kanthorq_' || r.id and c.relkind in ('r', 'p')
    and c.relnamespace = 'kanthorq_schema'::regnamespace
  where r.name = consumer;
  if tasks is not null then
    return;
  end if;

  if consumer is null then
    raise exception 'consumer is null' using errcode = 'KQ003', hint = 'Pass the name of a consumer.';
  elsif id is null then
    raise exception 'there is no consumer %', kanthorq_schema._kanthorq_shown(consumer)
      using errcode = 'KQ001', hint = kanthorq_schema._kanthorq_names_hint('consumer', consumer);
  end if;
  perform kanthorq_schema._kanthorq_refuse_table(id, 'consumer', consumer);
end
$function$;

comment on function kanthorq_schema._kanthorq_consumer(text) is 'Internal. The settings of a consumer and its tasks as SQL; KQ001 or KQ002 if either is missing.';

-- function: _kanthorq_consumers
create or replace function kanthorq_schema._kanthorq_consumers(consumer text)
returns setof text
language plpgsql
stable
as $function$
declare
  v_name text;
  v_fault text;
begin
  if consumer is not null then
    return next consumer;
    return;
  end if;
  perform kanthorq_schema._kanthorq_check_schema();
  for v_name, v_fault in
    select r.name,
      case when r.task_table is null then 'is gone' else kanthorq_schema._kanthorq_table_fault(r.task_table, 'consumer') end
    from kanthorq_schema._kanthorq_registered() r
    where r.kind = 'consumer'
    order by r.name
  loop
    if v_fault is null then
      return next v_name;
    else
      raise warning 'consumer % is left out: its table %', kanthorq_schema._kanthorq_shown(v_name), v_fault
        using hint = 'kanthorq_doctor() has the statement that repairs it.';
    end if;
  end loop;
end
$function$;

comment on function kanthorq_schema._kanthorq_consumers(text) is 'Internal. The name of the given consumer, or of all that can be looked at.';

-- function: _kanthorq_crockford
create or replace function kanthorq_schema._kanthorq_crockford(value bigint, digits int)
returns text
language plpgsql
immutable
as $function$
declare
  v_text text := '';
begin
  for v_digit in reverse digits - 1..0 loop
    v_text := v_text || substr('0123456789abcdefghjkmnpqrstvwxyz', 1 + (value >> 5 * v_digit & 31)::integer, 1);
  end loop;
  return v_text;
end
$function$;

comment on function kanthorq_schema._kanthorq_crockford(bigint, int) is 'Internal. The lowest bits of a number in lower-case Crockford base 32.';

-- function: _kanthorq_divide_ids
create or replace function
kanthorq_schema._kanthorq_divide_ids(
  event_ids text[],
  moved text[],
  out updated text[],
  out noop text[]
)
returns record
language plpgsql
immutable
as $function$
begin
  -- As many as were asked for: each id was there once, and moved. The slice makes the array begin at 1.
  if cardinality(moved) = cardinality(event_ids) then
    updated := event_ids[:];
    noop := '{}';
    return;
  end if;
  select
    coalesce(array_agg(i.event_id) filter (where i.is_moved), '{}'),
    coalesce(array_agg(i.event_id) filter (where not i.is_moved), '{}')
  into updated, noop
  from (
    select u.event_id, bool_or(u.is_moved) as is_moved
    from (
      select a.event_id, a.position, false as is_moved from unnest(event_ids) with ordinality a (event_id, position)
      union all
      select m.event_id, null, true from unnest(moved) m (event_id)
    ) u
    group by u.event_id
    order by min(u.position)
  ) i;
end
$function$;

comment on function kanthorq_schema._kanthorq_divide_ids(text[], text[]) is 'Internal. The distinct ids of a call, divided into moved and not moved, in input order.';

-- function: _kanthorq_doctor_findings
create or replace function kanthorq_schema._kanthorq_doctor_findings()
returns table (
  "check" text,
  severity text,
  detail text,
  fix text
)
language plpgsql
stable
as $function$
declare
  v_sound boolean;
begin
  return query select f.* from kanthorq_schema._kanthorq_doctor_installation() f;
  -- Registries that are not ours, or that hide rows, say nothing about the other tables.
  begin
    perform kanthorq_schema._kanthorq_check_schema();
    v_sound := true;
  exception when sqlstate 'KQ002' then
    v_sound := false;
  end;
  if v_sound then
    return query select f.* from kanthorq_schema._kanthorq_doctor_tables() f;
    return query
    select f.*
    from kanthorq_schema._kanthorq_registered() r
    cross join lateral kanthorq_schema._kanthorq_doctor_tasks(r.name) f
    where r.kind = 'consumer' and r.task_table is not null and kanthorq_schema._kanthorq_table_fault(r.task_table, r.kind) is null
    order by r.name;
  end if;
  return query select f.* from kanthorq_schema._kanthorq_doctor_rights() f;
end
$function$;

comment on function kanthorq_schema._kanthorq_doctor_findings() is 'Internal. All findings of kanthorq_doctor.';

-- function: _kanthorq_doctor_installation
create or replace function kanthorq_schema._kanthorq_doctor_installation()
returns table (
  "check" text,
  severity text,
  detail text,
  fix text
)
language plpgsql
stable
as $function$
declare
  v_schema regnamespace := 'kanthorq_schema'::regnamespace;
  v_sequence record;
  v_last bigint;
  v_migrated boolean;
begin
  return query
  select 'table is not ours', 'error', format('%s %s', o.name, f.fault), kanthorq_schema._kanthorq_table_repair(o.name)
  from (
    values
      ('kanthorq_schema.kanthorq_consumer_registry'::regclass), ('kanthorq_schema.kanthorq_stream_registry'::regclass),
      ('kanthorq_schema.kanthorq_task_operation'::regclass), ('kanthorq_schema.kanthorq_consumer_hold'::regclass)
  ) o (name)
  cross join lateral kanthorq_schema._kanthorq_table_fault(o.name, null::text) f (fault)
  where f.fault is not null;

  return query
  select 'schema was renamed', 'error',
    format('the functions of schema %s work on the tables of this schema, whose name it had', s.name),
    '-- npx kanthorq-tasks migrate up --schema with the name that the other schema has now'
  from kanthorq_schema._kanthorq_claimed_by() s (name)
  where s.name is not null;

  return query
  select 'functions are missing', 'error',
    format('%s functions are missing: %s', count(*), string_agg(l.name, ', ' order by l.name)),
    '-- npx kanthorq-tasks migrate up, or kanthorq-tasks.sql through psql'
  from kanthorq_schema._kanthorq_function_levels() l
  where not exists (select from pg_proc p where p.proname = l.name and p.pronamespace = v_schema)
  having count(*) > 0;

  -- Rows that came by COPY or by logical replication do not move the sequence: the next id is taken.
  for v_sequence in
    select c.oid::regclass as name, a.attrelid::regclass as owned_by, a.attname
    from kanthorq_schema._kanthorq_own_tables() o
    join pg_class c on c.oid = o.name and c.relkind = 'S'
    join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = c.oid and d.refclassid = 'pg_class'::regclass and d.refobjsubid > 0
    join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
    where kanthorq_schema._kanthorq_table_fault(a.attrelid::regclass, null::text) is null
  loop
    execute format('select max(%I) from %s', v_sequence.attname, v_sequence.owned_by) into v_last;
    if v_last > coalesce(pg_sequence_last_value(v_sequence.name), 0) then
      return query values (
        'sequence is behind', 'error',
        format('sequence %s is behind the rows of %s: nothing can be logged', v_sequence.name, v_sequence.owned_by),
        format('select setval(%L, %s)', v_sequence.name, v_last)
      );
    end if;
  end loop;

  -- The migrations table is missing where the functions were copied by hand.
  if to_regclass('kanthorq_schema.kanthorq_migrations') is not null
    and kanthorq_schema._kanthorq_table_fault(to_regclass('kanthorq_schema.kanthorq_migrations'), null::text) is null then
    execute 'select exists (select from kanthorq_schema.kanthorq_migrations m where m.name = $1)'
    into v_migrated
    using kanthorq_schema._kanthorq_newest_migration();
  end if;
  return query
  select 'migrations', 'warning',
    format('migration %s is not recorded in kanthorq_migrations', kanthorq_schema._kanthorq_newest_migration()),
    '-- npx kanthorq-tasks migrate up, or kanthorq-tasks.sql through psql'
  where v_migrated is not true;
end
$function$;

comment on function kanthorq_schema._kanthorq_doctor_installation() is 'Internal. What kanthorq_doctor finds about the installation.';

-- function: _kanthorq_doctor_rights
create or replace function kanthorq_schema._kanthorq_doctor_rights()
returns table (
  "check" text,
  severity text,
  detail text,
  fix text
)
language plpgsql
stable
as $function$
declare
  v_schema regnamespace := 'kanthorq_schema'::regnamespace;
begin
  return query
  select 'right not granted', 'error',
    format(
      '%s may execute %s, which kanthorq_grant did not give',
      case l.role when 0 then 'any role' else 'role ' || kanthorq_schema._kanthorq_shown(pg_get_userbyid(l.role)::text) end,
      string_agg(p.proname, ', ' order by p.proname)
    ),
    case l.role
      when 0 then format('revoke all on routine %s from public', string_agg(p.oid::regprocedure::text, ', ' order by p.proname))
      else format('select kanthorq_schema.kanthorq_revoke(%L)', pg_get_userbyid(l.role))
    end
  from kanthorq_schema._kanthorq_role_levels() l
  join pg_proc p on p.pronamespace = v_schema and p.proname ~ '^_?kanthorq_' and pg_get_userbyid(p.proowner) = current_user
    and exists (
      select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a where a.grantee = l.role
    )
  where l.level is null
  group by l.role
  order by l.role;

  return query
  select 'right not granted', 'error',
    format(
      '%s may %s %s, which kanthorq_grant did not give',
      case a.grantee when 0 then 'any role' else 'role ' || kanthorq_schema._kanthorq_shown(pg_get_userbyid(a.grantee)::text) end,
      string_agg(distinct lower(a.privilege_type), ', '), c.relname
    ),
    format(
      'revoke all on %s %s from %s', case c.relkind when 'S' then 'sequence' else 'table' end, c.oid::regclass,
      case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end
    )
  from kanthorq_schema._kanthorq_own_tables() o
  join pg_class c on c.oid = o.name
  cross join lateral (
    select x.grantee, x.privilege_type from aclexplode(c.relacl) x
    union
    select x.grantee, x.privilege_type from pg_attribute t, aclexplode(t.attacl) x where t.attrelid = c.oid
  ) a
  where a.grantee <> c.relowner
  group by a.grantee, c.oid, c.relname, c.relkind
  order by c.relname, a.grantee;

  return query
  select 'function is not ours', 'error',
    format(
      'function %s belongs to role %s, the others to %I: calls may end in it',
      kanthorq_schema._kanthorq_shown(p.oid::regprocedure::text), kanthorq_schema._kanthorq_shown(pg_get_userbyid(p.proowner)::text), current_user
    ),
    '-- look at it, and drop it as its owner or as a superuser'
  from pg_proc p
  where p.pronamespace = v_schema and p.proname ~ '^_?kanthorq_' and p.proname <> 'kanthorq_migrate'
    and pg_get_userbyid(p.proowner) <> current_user
  order by p.oid::regprocedure::text;

  -- A function of another role could be called instead of ours.
  return query
  select 'schema is open', 'error',
    format('any role may create objects in schema %s, also functions that are called instead of ours', n.oid::regnamespace),
    format('revoke create on schema %s from public', n.oid::regnamespace)
  from pg_namespace n
  where n.oid = v_schema
    and exists (
      select from aclexplode(n.nspacl) a where a.grantee = 0 and a.privilege_type = 'CREATE'
    );

  -- The owner of a schema may drop what others have in it.
  return query
  select 'schema is not ours', 'warning',
    format(
      'role %s owns schema %s, and may put functions in the place of ours, which run with the rights of %I then',
      kanthorq_schema._kanthorq_shown(r.rolname::text), n.oid::regnamespace, current_user
    ),
    format('-- if the role is not to be trusted, as a superuser: alter schema %s owner to %I', n.oid::regnamespace, current_user)
  from pg_namespace n
  join pg_roles r on not r.rolsuper and r.rolname <> current_user and r.oid = case n.nspowner
    when 'pg_database_owner'::regrole then (select d.datdba from pg_database d where d.datname = current_database())
    else n.nspowner
  end
  where n.oid = v_schema;
end
$function$;

comment on function kanthorq_schema._kanthorq_doctor_rights() is 'Internal. What kanthorq_doctor finds about rights.';

-- function: _kanthorq_doctor_tables
create or replace function kanthorq_schema._kanthorq_doctor_tables()
returns table (
  "check" text,
  severity text,
  detail text,
  fix text
)
language plpgsql
stable
as $function$
declare
  v_schema regnamespace := 'kanthorq_schema'::regnamespace;
begin
  return query
  select 'table is gone', 'error',
    format(
      '%s %s is registered, but its table %s does not exist', r.kind, kanthorq_schema._kanthorq_shown(r.name),
      kanthorq_schema._kanthorq_shown('kanthorq_' || r.id)
    ),
    format(
      '-- restore the table from a backup, or delete the row of %s %s from %s', r.kind, kanthorq_schema._kanthorq_shown(r.name), r.registry
    )
  from kanthorq_schema._kanthorq_registered() r
  where r.task_table is null
  order by r.kind, r.name;

  -- A table that code of another role hangs on is not taken over without a look at it.
  return query
  select 'table is not ours', 'error',
    format('%s %s: its table %s %s', r.kind, kanthorq_schema._kanthorq_shown(r.name),
      kanthorq_schema._kanthorq_shown(r.task_table::text), f.fault),
    kanthorq_schema._kanthorq_table_repair(r.task_table)
  from kanthorq_schema._kanthorq_registered() r
  cross join lateral kanthorq_schema._kanthorq_table_fault(r.task_table, r.kind) f (fault)
  where f.fault is not null
  order by r.kind, r.name;

  -- KanthorQ's tables get such rights by default privileges, or by a GRANT on all tables.
  return query
  select 'table is open', 'error',
    format(
      '%s may make triggers, whose code runs with the rights of the role that changes rows, also %I, on %s',
      case a.grantee when 0 then 'any role' else 'role ' || kanthorq_schema._kanthorq_shown(pg_get_userbyid(a.grantee)::text) end,
      current_user, string_agg(distinct c.oid::regclass::text, ', ')
    ),
    format(
      'revoke trigger on table %s from %s', string_agg(distinct c.oid::regclass::text, ', '),
      case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end
    )
  from (
    select r.task_table as name from kanthorq_schema._kanthorq_registered() r
    union
    values ('kanthorq_schema.kanthorq_consumer_registry'::regclass), ('kanthorq_schema.kanthorq_stream_registry'::regclass)
  ) t
  join pg_class c on c.oid = t.name and pg_get_userbyid(c.relowner) = current_user
  cross join lateral aclexplode(c.relacl) a
  where a.privilege_type = 'TRIGGER' and a.grantee <> c.relowner
    and not exists (select from pg_roles r where r.oid = a.grantee and r.rolsuper)
  group by a.grantee
  order by a.grantee;

  return query
  select 'table is not registered', 'warning',
    format('table %s belongs to no %s of the registry', c.oid::regclass, substring(c.relname from '^kanthorq_([a-z]+)_')),
    format('-- put the registry row back, or, if nobody needs the rows: drop table %s', c.oid::regclass)
  from pg_class c
  where c.relnamespace = v_schema
    and c.relkind in ('r', 'p') and not c.relispartition
    and c.relname ~ '^kanthorq_(consumer|stream)_[0-9a-z]{26}$'
    and not exists (select from kanthorq_schema._kanthorq_registered() r where r.task_table = c.oid)
  order by c.relname;

  -- KanthorQ gives the index of each consumer the same name, so only the first gets one. An index that an interrupted CREATE left
  -- invalid has the name that a new one would have.
  return query
  select 'no scheduling index', 'warning',
    format(
      'consumer %s has no usable index on (state, schedule_at): workers and bulk calls look at the whole table',
      kanthorq_schema._kanthorq_shown(r.name)
    ),
    case when i.indisvalid is false
      then format('reindex index concurrently %s', i.indexrelid::regclass)
      else format(
        'create index %s%I on %s (state, schedule_at, event_id)',
        case when c.relkind = 'p' then '' else 'concurrently ' end, c.relname || '_scheduling', c.oid::regclass
      )
    end
  from kanthorq_schema._kanthorq_registered() r
  join pg_class c on c.oid = r.task_table
  left join pg_index i on i.indexrelid = to_regclass(format('%s.%I', v_schema, c.relname || '_scheduling'))
  where r.kind = 'consumer' and kanthorq_schema._kanthorq_table_fault(r.task_table, r.kind) is null
    and not kanthorq_schema._kanthorq_has_scheduling_index(r.task_table)
  order by r.name;
end
$function$;

comment on function kanthorq_schema._kanthorq_doctor_tables() is 'Internal. What kanthorq_doctor finds about tables.';

-- function: _kanthorq_doctor_tasks
create or replace function kanthorq_schema._kanthorq_doctor_tasks(consumer text)
returns table (
  "check" text,
  severity text,
  detail text,
  fix text
)
language plpgsql
stable
as $function$
declare
  v_consumer record := kanthorq_schema._kanthorq_consumer(consumer);
  v_shown text := kanthorq_schema._kanthorq_shown(consumer);
  v_registry kanthorq_schema.kanthorq_consumer_registry;
  v_events regclass := kanthorq_schema._kanthorq_find_table(v_consumer.stream_id);
  v_hold kanthorq_schema.kanthorq_consumer_hold;
  v_table regclass := kanthorq_schema._kanthorq_find_table(v_consumer.id);
  v_is_above boolean;
  v_stuck bigint;
  v_parked bigint;
  v_last_attempt bigint;
  v_unanswered bigint;
  v_answered bigint;
  v_tasks bigint;
  v_finished bigint;
  v_due bigint;
  v_due_since bigint;
  v_worked_at bigint;
  v_pending bigint;
  v_failed bigint;
  v_failed_before bigint;
  v_now bigint := kanthorq_schema._kanthorq_now();
begin
  select r.* into v_registry from kanthorq_schema.kanthorq_consumer_registry r where r.name = consumer;
  if v_registry.visibility_timeout <= 1000 then
    return query values (
      'registration', 'error',
      format('consumer %s has a visibility_timeout of %s ms: KanthorQ refuses it unless it is more than 1000', v_shown,
        v_registry.visibility_timeout),
      format('update kanthorq_schema.kanthorq_consumer_registry set visibility_timeout = 300000 where name = %L', consumer)
    );
  end if;
  if cardinality(v_registry.subject_excludes) not in (0, cardinality(v_registry.subject_includes)) then
    return query values (
      'registration', 'error',
      format('consumer %s has %s subject_excludes for %s subject_includes: KanthorQ''s program stops at the first event with fewer, '
        'and ignores those that are more', v_shown, cardinality(v_registry.subject_excludes), cardinality(v_registry.subject_includes)),
      '-- set subject_excludes in kanthorq_consumer_registry to as many filters as subject_includes has, or to none'
    );
  end if;

  select h.* into v_hold from kanthorq_schema.kanthorq_consumer_hold h where h.consumer_id = v_consumer.id;
  v_is_above := v_registry.cursor = kanthorq_schema._kanthorq_held_cursor();
  if v_hold.consumer_id is not null then
    return query values (
      'consumer is held', case when v_hold.at < now() - '1 day'::interval then 'warning' else 'info' end,
      format('consumer %s is %s: its new events get no tasks%s', v_shown, kanthorq_schema._kanthorq_held(consumer, false),
        case when v_hold.intake_only then '' else ', and no worker takes its tasks' end),
      format('-- when it may go on: select kanthorq_consumer_release(%s)', v_shown)
    );
  end if;
  if v_hold.consumer_id is null and v_is_above then
    return query values (
      'hold is broken', 'error',
      format('the cursor of consumer %s is above every event, as of a held one, but no hold has the true one: its new events get no tasks',
        v_shown),
      format('-- set it to the last event that it has read: update kanthorq_consumer_registry set cursor = (select max(event_id) from %s) '
        'where name = %s', v_table, v_shown)
    );
  elsif v_hold.consumer_id is null and kanthorq_schema._kanthorq_refuses_claims(v_table) then
    return query values (
      'hold is broken', 'error',
      format('consumer %s is not held, but its table has the triggers of a hold: no worker takes its tasks', v_shown),
      format('select kanthorq_schema.kanthorq_consumer_release(%L)', consumer)
    );
  elsif v_hold.consumer_id is not null and not (v_is_above and kanthorq_schema._kanthorq_refuses_claims(v_table) <> v_hold.intake_only) then
    return query values (
      'hold is broken', 'error',
      format('consumer %s is held, but somebody has changed its cursor or the triggers on its table: KanthorQ takes events or tasks', v_shown),
      format('-- kanthorq_consumer_hold or kanthorq_consumer_release repairs it: select kanthorq_consumer_release(%s)', v_shown)
    );
  end if;

  execute format($q$
    select
      count(*) filter (where %1$s),
      count(*) filter (where t.state = kanthorq_schema._kanthorq_task_state('available')),
      count(*) filter (
        where t.state = kanthorq_schema._kanthorq_task_state('running') and t.attempt_count > $2 and t.schedule_at >= $1
      ),
      count(*) filter (
        where t.state = kanthorq_schema._kanthorq_task_state('running') and t.attempt_count > 1
          and t.attempt_count > cardinality(t.attempted_error)
      ),
      count(*) filter (
        where t.attempt_count > 0 and (
          t.state in (kanthorq_schema._kanthorq_task_state('completed'), kanthorq_schema._kanthorq_task_state('retryable'))
          or cardinality(t.attempted_error) > 1
        )
      ),
      count(*),
      count(*) filter (
        where t.state in (
            kanthorq_schema._kanthorq_task_state('completed'), kanthorq_schema._kanthorq_task_state('cancelled'),
            kanthorq_schema._kanthorq_task_state('discarded')
          )
          and t.finalized_at < $1 - 2592000000
      ),
      count(*) filter (where %3$s),
      min(t.schedule_at) filter (where %3$s),
      max(greatest(t.attempted_at, case t.state when kanthorq_schema._kanthorq_task_state('completed') then t.finalized_at end)),
      count(*) filter (where t.state = kanthorq_schema._kanthorq_task_state('pending') and t.created_at < $1 - 86400000),
      count(*) filter (where l.failed_at >= $1 - 3600000),
      count(*) filter (where l.failed_at < $1 - 3600000)
    from %2$s t
    left join lateral (
      select (e.failure ->> 'at')::numeric as failed_at
      from (select t.attempted_error[array_upper(t.attempted_error, 1)] as failure) e
      where t.attempted_error <> '{}' and jsonb_typeof(e.failure -> 'at') = 'number'
        and (e.failure ->> 'at')::numeric between $1 - 7200000 and $1
    ) l on true
    $q$,
    kanthorq_schema._kanthorq_task_takes_sql('discard', false, false), v_consumer.tasks,
    't.attempt_count <= $2 and t.schedule_at < $1 - 600000 and t.state in (kanthorq_schema._kanthorq_task_state(''running''), '
    'kanthorq_schema._kanthorq_task_state(''retryable''))'
  )
  into v_stuck, v_parked, v_last_attempt, v_unanswered, v_answered, v_tasks, v_finished, v_due, v_due_since, v_worked_at, v_pending, v_failed,
    v_failed_before
  using v_now, v_consumer.attempt_max;

  if v_due > 0 and coalesce(v_worked_at, 0) < v_now - 600000 then
    return query values (
      'nobody works', 'warning',
      format('consumer %s has %s tasks that have been due for ten minutes or more, the oldest since %s, and no task was taken or completed '
        'meanwhile', v_shown, v_due, to_char(kanthorq_schema._kanthorq_as_time(v_due_since) at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"')),
      '-- start its worker, or read what it printed: an error of one puller ends all three'
    );
  end if;
  if v_failed >= 100 and v_failed > 3 * v_failed_before then
    return query values (
      'more failures', 'warning',
      format('consumer %s has %s tasks whose last attempt failed in the last hour, after %s in the hour before', v_shown, v_failed,
        v_failed_before),
      format('-- group them by cause: select * from kanthorq_task_errors(%L, since => now() - interval ''1 hour'')', consumer)
    );
  end if;
  if v_pending > 0 then
    return query values (
      'pending tasks', 'info',
      format('consumer %s has %s pending tasks of more than a day: no worker takes a pending task', v_shown, v_pending),
      '-- to have them worked, cancel and resume them; otherwise cancel them'
    );
  end if;
  if v_finished >= 100000 and v_finished > 0.9 * v_tasks then
    return query values (
      'mostly finished', 'info',
      format('consumer %s has %s tasks, of which %s were finished more than 30 days ago: its table only grows', v_shown, v_tasks, v_finished),
      format('-- if nobody needs them: call kanthorq_task_purge(%s, now() - interval ''30 days'')', v_shown)
    );
  end if;

  if v_unanswered > 0 and v_answered = 0 then
    return query values (
      'worker can''t acknowledge', 'error',
      format('consumer %s has %s running tasks that were pulled again and again, and none that was ever acknowledged then: KanthorQ''s '
        'worker refuses to acknowledge them without a change in the handler', v_shown, v_unanswered),
      '-- first statement of the handler: if msg.Task.Metadata == nil { msg.Task.Metadata = entities.Metadata{} }'
    );
  end if;
  if v_stuck > 0 then
    return query values (
      'stuck tasks', 'warning',
      format('consumer %s has %s tasks that are running, overdue and out of attempts: no worker takes them again', v_shown, v_stuck),
      format('call kanthorq_schema.kanthorq_task_discard_all(%L, everything => true, reason => ''kanthorq_doctor'')', consumer)
    );
  end if;
  if v_last_attempt > 0 then
    return query values (
      'last attempt', 'info',
      format('consumer %s has %s running tasks that are out of attempts: those that are not acknowledged in time are stuck then', v_shown,
        v_last_attempt),
      '-- look again when they are overdue'
    );
  end if;
  if v_parked > 0 then
    return query values (
      'tasks in available', 'info',
      format('consumer %s has %s available tasks; no worker of KanthorQ takes available tasks unless it has just made them', v_shown,
        v_parked),
      format(
        '-- to have them worked: call kanthorq_task_cancel_all(%1$s, states => ''{available}''), and resume what it cancelled, by its '
        'bulk_id: select cardinality(updated) from kanthorq_task_resume(%1$s, (select event_ids from kanthorq_task_operations('
        'bulk_id => ...)))', v_shown
      )
    );
  end if;

  if v_events is null or kanthorq_schema._kanthorq_table_fault(v_events, 'stream') is not null then
    return;
  end if;
  return query execute format($q$
    select 'event is gone', 'warning',
      format('consumer %%s has %%s unfinished tasks whose event is gone: they never reach a handler', $1, count(*)),
      '-- restore the events, or cancel these tasks'
    from %s t
    where t.state in (
        kanthorq_schema._kanthorq_task_state('pending'), kanthorq_schema._kanthorq_task_state('available'),
        kanthorq_schema._kanthorq_task_state('running'), kanthorq_schema._kanthorq_task_state('retryable')
      )
      and not exists (select from %s e where e.id = t.event_id)
    having count(*) > 0
    $q$,
    v_consumer.tasks, kanthorq_schema._kanthorq_only_sql(v_events)
  )
  using v_shown;

  return query
  select 'missed events', 'warning',
    format('consumer %s has no task for %s events of the last day that lie behind its cursor: KanthorQ passed over them', v_shown, count(*)),
    format('-- to have them handled: select event_id from kanthorq_task_convert(%1$s, array(select event_id from kanthorq_event_missed(%1$s)))',
      v_shown)
  from kanthorq_schema.kanthorq_event_missed(consumer, now() - '1 day'::interval) m
  having count(*) > 0;
end
$function$;

comment on function kanthorq_schema._kanthorq_doctor_tasks(text) is 'Internal. What kanthorq_doctor finds about one consumer.';

-- function: _kanthorq_due
create or replace function
kanthorq_schema._kanthorq_due(
  name text,
  schedule_at timestamp with time zone
)
returns bigint
language plpgsql
immutable
as $function$
begin
  if not isfinite(schedule_at) or schedule_at < to_timestamp(0) then
    raise exception '% is %', name, schedule_at
      using errcode = 'KQ003', hint = 'Pass a point in time since 1970, or null.';
  end if;
  return kanthorq_schema._kanthorq_as_milliseconds(schedule_at);
end
$function$;

comment on function kanthorq_schema._kanthorq_due(text, timestamp with time zone) is 'Internal. When tasks are due, in epoch milliseconds; KQ003 for a time before 1970.';

-- function: _kanthorq_error_time
create or replace function kanthorq_schema._kanthorq_error_time(failure jsonb)
returns bigint
language sql
immutable
return case
  when jsonb_typeof(failure -> 'at') = 'number' and (failure ->> 'at')::numeric between 1 and 253402300799999
  then (failure ->> 'at')::numeric::bigint
end;

comment on function kanthorq_schema._kanthorq_error_time(jsonb) is 'Internal. When an attempt failed, in epoch milliseconds; null if its error does not say.';

-- function: _kanthorq_find_table
create or replace function kanthorq_schema._kanthorq_find_table(id text)
returns regclass
language plpgsql
stable
as $function$
begin
  return (
    select c.oid::regclass
    from pg_class c
    where c.relname = 'kanthorq_' || id
      and c.relnamespace = 'kanthorq_schema'::regnamespace
      and c.relkind in ('r', 'p')
  );
end
$function$;

comment on function kanthorq_schema._kanthorq_find_table(text) is 'Internal. The table behind a stream id or a consumer id, or null.';

-- function: _kanthorq_fingerprint
create or replace function kanthorq_schema._kanthorq_fingerprint(error text)
returns text
language sql
immutable
return btrim(left(
  regexp_replace(regexp_replace(regexp_replace(
    split_part(translate(btrim(left(error, 1000), e' \t\r\n'), e'\r', e'\n'), e'\n', 1) collate "C",
    -- An empty text, control characters, and what is quoted: an apostrophe within a word is not.
    e'^$|[[:cntrl:]]+|"([^"\\\\]|\\\\.?)*("|$)|`[^`]*(`|$)|(?<![^ =:,([{<])''([^''\\\\]|\\\\.?)*(''|$)'
    -- What is in brackets; < may also mean less.
    || e'|\\[[^]]*\\]*|\\([^)]*\\)*|\\{.*\\}|\\{[^}]*$|<[^> =-][^>]*>'
    -- URLs and e-mail addresses.
    || e'|[a-zA-Z][a-zA-Z0-9+.-]*://[^ ]*[a-zA-Z0-9/]|[a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+',
    '*', 'g'
  ),
    -- Long hex numbers, UUIDs, and addresses with colons.
    e'\\m([0-9a-fA-F]{8,}(-[0-9a-fA-F]+)*|[0-9a-fA-F]+:[0-9a-fA-F]*:[0-9a-fA-F:]*)\\M'
    -- Words with a digit before a letter, such as ids; numbers; and what hangs on them, such as the rest of a date.
    || '|([a-zA-Z_]+[0-9]+[a-zA-Z]|[0-9])[a-zA-Z0-9_]*([-+.:/,]+[a-zA-Z_]*[0-9][a-zA-Z0-9_]*)*',
    '*', 'g'
  ),
    -- A list is one value.
    '[*](, ?[*])+', '*', 'g'
  ),
  200
), ' ');

comment on function kanthorq_schema._kanthorq_fingerprint(text) is 'Internal. The first line of an error with * for each value in it, at most 200 characters.';

-- function: _kanthorq_folded
create or replace function kanthorq_schema._kanthorq_folded(value text)
returns text
language sql
immutable
return lower(lower(value collate "C") collate "default");

comment on function kanthorq_schema._kanthorq_folded(text) is 'Internal. A text in lower case, for a comparison that ignores case.';

-- function: _kanthorq_function_levels
create or replace function kanthorq_schema._kanthorq_function_levels(out name text, out level text)
returns setof record
language sql
immutable
begin atomic
  values
    ('_kanthorq_archive_sql', 'internal'),
    ('_kanthorq_as_milliseconds', 'internal'),
    ('_kanthorq_as_time', 'internal'),
    ('_kanthorq_bulk', 'internal'),
    ('_kanthorq_check_action', 'internal'),
    ('_kanthorq_check_can_commit', 'operator'),
    ('_kanthorq_check_event_ids', 'internal'),
    ('_kanthorq_check_filter', 'internal'),
    ('_kanthorq_check_name', 'internal'),
    ('_kanthorq_check_progress', 'internal'),
    ('_kanthorq_check_purge', 'internal'),
    ('_kanthorq_check_role', 'internal'),
    ('_kanthorq_check_schema', 'internal'),
    ('_kanthorq_check_states', 'internal'),
    ('_kanthorq_check_subject', 'internal'),
    ('_kanthorq_check_subject_filters', 'internal'),
    ('_kanthorq_check_takes', 'internal'),
    ('_kanthorq_claimed_by', 'internal'),
    ('_kanthorq_consumer', 'internal'),
    ('_kanthorq_consumers', 'internal'),
    ('_kanthorq_crockford', 'internal'),
    ('_kanthorq_divide_ids', 'internal'),
    ('_kanthorq_doctor_findings', 'internal'),
    ('_kanthorq_doctor_installation', 'internal'),
    ('_kanthorq_doctor_rights', 'internal'),
    ('_kanthorq_doctor_tables', 'internal'),
    ('_kanthorq_doctor_tasks', 'internal'),
    ('_kanthorq_due', 'internal'),
    ('_kanthorq_error_time', 'internal'),
    ('_kanthorq_find_table', 'internal'),
    ('_kanthorq_fingerprint', 'internal'),
    ('_kanthorq_folded', 'internal'),
    ('_kanthorq_function_levels', 'internal'),
    ('_kanthorq_has_scheduling_index', 'internal'),
    ('_kanthorq_held', 'internal'),
    ('_kanthorq_held_cursor', 'internal'),
    ('_kanthorq_hold_triggers', 'internal'),
    ('_kanthorq_id', 'internal'),
    ('_kanthorq_id_time', 'internal'),
    ('_kanthorq_levels', 'internal'),
    ('_kanthorq_names_hint', 'internal'),
    ('_kanthorq_newest_migration', 'internal'),
    ('_kanthorq_now', 'internal'),
    ('_kanthorq_one_line', 'internal'),
    ('_kanthorq_only_sql', 'internal'),
    ('_kanthorq_own_tables', 'internal'),
    ('_kanthorq_purge_all', 'owner'),
    ('_kanthorq_purge_log', 'internal'),
    ('_kanthorq_purged_to', 'internal'),
    ('_kanthorq_refuse_claim', 'internal'),
    ('_kanthorq_refuse_state', 'internal'),
    ('_kanthorq_refuse_table', 'internal'),
    ('_kanthorq_refuses_claims', 'internal'),
    ('_kanthorq_registered', 'internal'),
    ('_kanthorq_reset_rights', 'internal'),
    ('_kanthorq_revoke_usage', 'internal'),
    ('_kanthorq_role_levels', 'internal'),
    ('_kanthorq_set_claims', 'internal'),
    ('_kanthorq_set_level', 'internal'),
    ('_kanthorq_shown', 'internal'),
    ('_kanthorq_stream', 'internal'),
    ('_kanthorq_subject_pattern', 'internal'),
    ('_kanthorq_table_fault', 'internal'),
    ('_kanthorq_table_repair', 'internal'),
    ('_kanthorq_task_all', 'operator'),
    ('_kanthorq_task_columns_sql', 'internal'),
    ('_kanthorq_task_estimate', 'internal'),
    ('_kanthorq_task_log', 'internal'),
    ('_kanthorq_task_matches', 'internal'),
    ('_kanthorq_task_report', 'internal'),
    ('_kanthorq_task_state', 'internal'),
    ('_kanthorq_task_state_name', 'internal'),
    ('_kanthorq_task_states', 'internal'),
    ('_kanthorq_task_takes_sql', 'internal'),
    ('_kanthorq_task_transition', 'internal'),
    ('_kanthorq_task_undo', 'internal'),
    ('_kanthorq_task_why', 'internal'),
    ('_kanthorq_time_limit', 'internal'),
    ('_kanthorq_trigger_fault', 'internal'),
    ('_kanthorq_true_cursor', 'internal'),
    ('_kanthorq_wanted_pattern', 'internal'),
    ('kanthorq_consumer_hold', 'operator'),
    ('kanthorq_consumer_list', 'viewer'),
    ('kanthorq_consumer_register', 'owner'),
    ('kanthorq_consumer_release', 'operator'),
    ('kanthorq_doctor', 'viewer'),
    ('kanthorq_event_missed', 'viewer'),
    ('kanthorq_event_purge', 'owner'),
    ('kanthorq_event_purge_batch', 'owner'),
    ('kanthorq_grant', 'owner'),
    ('kanthorq_help', 'viewer'),
    ('kanthorq_revoke', 'owner'),
    ('kanthorq_stream_publish', 'publisher'),
    ('kanthorq_stream_publish_many', 'publisher'),
    ('kanthorq_stream_register', 'owner'),
    ('kanthorq_task_batch', 'operator'),
    ('kanthorq_task_cancel', 'operator'),
    ('kanthorq_task_cancel_all', 'operator'),
    ('kanthorq_task_complete', 'worker'),
    ('kanthorq_task_convert', 'owner'),
    ('kanthorq_task_count', 'viewer'),
    ('kanthorq_task_discard', 'operator'),
    ('kanthorq_task_discard_all', 'operator'),
    ('kanthorq_task_errors', 'viewer'),
    ('kanthorq_task_explain', 'viewer'),
    ('kanthorq_task_extend', 'worker'),
    ('kanthorq_task_fail', 'worker'),
    ('kanthorq_task_find', 'viewer'),
    ('kanthorq_task_history', 'viewer'),
    ('kanthorq_task_operation_purge', 'owner'),
    ('kanthorq_task_operations', 'viewer'),
    ('kanthorq_task_preview', 'viewer'),
    ('kanthorq_task_pull', 'worker'),
    ('kanthorq_task_purge', 'owner'),
    ('kanthorq_task_purge_batch', 'owner'),
    ('kanthorq_task_rates', 'viewer'),
    ('kanthorq_task_release', 'worker'),
    ('kanthorq_task_resume', 'operator'),
    ('kanthorq_task_resume_all', 'operator'),
    ('kanthorq_task_stats', 'viewer'),
    ('kanthorq_task_undo', 'operator'),
    ('kanthorq_task_undo_all', 'operator'),
    ('kanthorq_task_undo_batch', 'operator'),
    ('kanthorq_task_undo_preview', 'viewer');
end;

comment on function kanthorq_schema._kanthorq_function_levels() is 'Internal. All functions, and the level that may execute each.';

-- function: _kanthorq_has_scheduling_index
create or replace function kanthorq_schema._kanthorq_has_scheduling_index(task_table regclass)
returns boolean
language sql
stable
as $function$
select exists (
  select
  from pg_index i
  join pg_class c on c.oid = i.indexrelid and i.indnkeyatts >= 2
  join pg_am m on m.oid = c.relam and m.amname = 'btree'
  join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0] and a.attname = 'state'
  join pg_attribute b on b.attrelid = i.indrelid and b.attnum = i.indkey[1] and b.attname = 'schedule_at'
  where i.indrelid = task_table and i.indisvalid and i.indpred is null
)
$function$;

comment on function kanthorq_schema._kanthorq_has_scheduling_index(regclass) is 'Internal. Whether the table has a usable index that begins with (state, schedule_at).';

-- function: _kanthorq_held
create or replace function kanthorq_schema._kanthorq_held(consumer text, claims boolean)
returns text
language plpgsql
stable
as $function$
begin
  return (
    select format(
      case when h.intake_only then 'held (intake only)' else 'held' end || ' since %s by %s%s', date_trunc('second', h.at), h.actor,
      ' because ' || case when h.reason is not null then kanthorq_schema._kanthorq_shown(h.reason) end
    )
    from kanthorq_schema.kanthorq_consumer_registry r
    join kanthorq_schema.kanthorq_consumer_hold h on h.consumer_id = r.id
    where r.name = _kanthorq_held.consumer and not (claims and h.intake_only)
  );
end
$function$;

comment on function kanthorq_schema._kanthorq_held(text, boolean) is 'Internal. Since when a consumer is held, by whom and why; null if it is not.';

-- function: _kanthorq_held_cursor
create or replace function kanthorq_schema._kanthorq_held_cursor()
returns text
language sql
immutable
return 'event_' || repeat('z', 26);

comment on function kanthorq_schema._kanthorq_held_cursor() is 'Internal. The cursor of a held consumer.';

-- function: _kanthorq_hold_triggers
create or replace function kanthorq_schema._kanthorq_hold_triggers(name regclass)
returns text
language plpgsql
volatile
as $function$
begin
  if current_setting('transaction_read_only') = 'off' and exists (
    select
    from (select name as relid union select p.relid from pg_partition_tree(name) p) t
    join pg_class c on c.oid = t.relid
    cross join lateral aclexplode(c.relacl) a
    where a.privilege_type = 'TRIGGER' and a.grantee <> c.relowner
  ) then
    execute format('lock table %s in row exclusive mode', kanthorq_schema._kanthorq_only_sql(name));
  end if;
  return kanthorq_schema._kanthorq_trigger_fault(name);
end
$function$;

comment on function kanthorq_schema._kanthorq_hold_triggers(regclass) is 'Internal. What is wrong with the triggers of a table, until the end of the transaction.';

-- function: _kanthorq_id
create or replace function kanthorq_schema._kanthorq_id(kind text)
returns text
language plpgsql
volatile
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

comment on function kanthorq_schema._kanthorq_id(text) is 'Internal. A new id: a prefix and a ULID that sorts after all earlier ones.';

-- function: _kanthorq_id_time
create or replace function kanthorq_schema._kanthorq_id_time(id text)
returns bigint
language plpgsql
immutable
as $function$
declare
  v_digits text := left(split_part(id, '_', 2), 10);
  v_time bigint := 0::bigint;
begin
  for v_digit in 1..10 loop
    v_time := v_time << 5 | strpos('0123456789abcdefghjkmnpqrstvwxyz', substr(v_digits, v_digit, 1)) - 1;
  end loop;
  return v_time;
end
$function$;

comment on function kanthorq_schema._kanthorq_id_time(text) is 'Internal. The time in an id, in epoch milliseconds.';

-- function: _kanthorq_levels
create or replace function kanthorq_schema._kanthorq_levels(out level text, out executes text)
returns setof record
language sql
immutable
begin atomic
  values
    ('viewer', 'viewer'),
    ('operator', 'viewer'),
    ('operator', 'operator'),
    ('worker', 'worker'),
    ('publisher', 'publisher');
end;

comment on function kanthorq_schema._kanthorq_levels() is 'Internal. The levels, and the levels of the functions that each may execute.';

-- function: _kanthorq_names_hint
create or replace function kanthorq_schema._kanthorq_names_hint(kind text, name text)
returns text
language plpgsql
stable
as $function$
declare
  v_wanted text[] := array(
    select distinct substr(lower(left(name, 256)), i, 2) from generate_series(1, least(length(name), 256)) i
  );
  v_names text[];
  v_likeness numeric;
begin
  select array_agg(n.name order by n.likeness desc, n.name), max(n.likeness) into v_names, v_likeness
  from (
    select r.name, (
        select 2.0 * count(*) filter (where p.pair = any (v_wanted)) / (count(*) + cardinality(v_wanted))
        from (select distinct substr(lower(r.name), i, 2) as pair from generate_series(1, length(r.name)) i) p
      ) as likeness
    from kanthorq_schema._kanthorq_registered() r
    where r.kind = _kanthorq_names_hint.kind
  ) n;
  return case
    when v_names is null then format('There is no %s yet.', kind)
    when v_likeness >= 0.5 then format('Names are case-sensitive. Did you mean %s?', kanthorq_schema._kanthorq_shown(v_names[1]))
    else format(
      'The %ss are %s%s.', kind,
      (select string_agg(kanthorq_schema._kanthorq_shown(u.name), ', ' order by u.name) from unnest(v_names[1:5]) u (name)),
      case when cardinality(v_names) > 5 then format(' and %s more', cardinality(v_names) - 5) else '' end
    )
  end;
end
$function$;

comment on function kanthorq_schema._kanthorq_names_hint(text, text) is 'Internal. The hint for a consumer or a stream that is not there.';

-- function: _kanthorq_newest_migration
create or replace function kanthorq_schema._kanthorq_newest_migration()
returns text
language sql
immutable
return '0003_functions';

comment on function kanthorq_schema._kanthorq_newest_migration() is 'Internal. The name of the newest migration.';

-- function: _kanthorq_now
create or replace function kanthorq_schema._kanthorq_now()
returns bigint
language sql
volatile
return floor(extract(epoch from clock_timestamp()) * 1000)::bigint;

comment on function kanthorq_schema._kanthorq_now() is 'Internal. The current time in epoch milliseconds.';

-- function: _kanthorq_one_line
create or replace function kanthorq_schema._kanthorq_one_line(value text)
returns text
language plpgsql
immutable
as $function$
begin
  return (
    select string_agg(
      case
        when c.code < 32 or c.code between 127 and 159 or c.code = 1564 or c.code between 8206 and 8207 or c.code between 8232 and 8238
          or c.code between 8294 and 8297 or c.code = 65279
        then '{' || lpad(to_hex(c.code), 4, '0') || '}'
        else c.letter
      end, '' order by c.n
    )
    from (
      select s.letter, ascii(s.letter) as code, s.n
      from string_to_table(value, null) with ordinality s (letter, n)
    ) c
  );
end
$function$;

comment on function kanthorq_schema._kanthorq_one_line(text) is 'Internal. A text on one line, with codes for its control characters.';

-- function: _kanthorq_only_sql
create or replace function kanthorq_schema._kanthorq_only_sql(name regclass)
returns text
language plpgsql
stable
as $function$
begin
  return (select case c.relkind when 'p' then '' else 'only ' end || c.oid::regclass from pg_class c where c.oid = name);
end
$function$;

comment on function kanthorq_schema._kanthorq_only_sql(regclass) is 'Internal. A table as SQL for FROM and UPDATE.';

-- function: _kanthorq_own_tables
create or replace function kanthorq_schema._kanthorq_own_tables()
returns table (
  name regclass
)
language plpgsql
stable
as $function$
begin
  return query
  select c.oid::regclass
  from pg_class t
  join pg_class c on c.oid = t.oid or c.relkind = 'S' and exists (
    select
    from pg_depend d
    where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.refclassid = 'pg_class'::regclass and d.refobjid = t.oid
  )
  where t.oid in (
    'kanthorq_schema.kanthorq_task_operation'::regclass, 'kanthorq_schema.kanthorq_consumer_hold'::regclass,
    to_regclass('kanthorq_schema.kanthorq_migrations')
  );
end
$function$;

comment on function kanthorq_schema._kanthorq_own_tables() is 'Internal. Our own tables and their sequences.';

-- function: _kanthorq_purge_all
create or replace procedure
kanthorq_schema._kanthorq_purge_all(
  what text,
  name text,
  moment timestamp with time zone,
  states text[],
  with_missed boolean,
  archive text,
  preview boolean,
  batch_size int,
  most bigint,
  pause interval,
  reason text,
  inout purged bigint,
  inout skipped bigint,
  inout bulk_id bigint,
  inout kept jsonb
)
language plpgsql
as $procedure$
declare
  v_batch pg_catalog.record;
  v_progress kanthorq_schema.kanthorq_task_progress;
  v_now pg_catalog.timestamptz;
  v_next pg_catalog.timestamptz := '-infinity';
  v_message pg_catalog.text;
  v_detail pg_catalog.text;
  v_hint pg_catalog.text;
begin
  call kanthorq_schema._kanthorq_check_can_commit(
    case when what operator(pg_catalog.=) 'tasks' then 'kanthorq_task_purge' else 'kanthorq_event_purge' end, pause
  );
  loop
    v_batch := null;
    v_now := pg_catalog.clock_timestamp();
    begin
      if v_now operator(pg_catalog.<) v_next then
        perform pg_catalog.pg_sleep_for(least(v_next operator(pg_catalog.-) v_now, interval '0.1 seconds'));
      elsif what operator(pg_catalog.=) 'tasks' then
        select b.progress, b.purged, b.skipped, b.total, b.bulk_id, b.kept into v_batch
        from kanthorq_schema.kanthorq_task_purge_batch(name, moment, states, archive, preview, batch_size, most, reason, v_progress) b;
      else
        select b.progress, b.purged, b.skipped, b.total, b.bulk_id, b.kept into v_batch
        from kanthorq_schema.kanthorq_event_purge_batch(name, moment, with_missed, archive, preview, batch_size, most, reason, v_progress) b;
      end if;
    exception when others or query_canceled then
      get stacked diagnostics v_message = message_text, v_detail = pg_exception_detail, v_hint = pg_exception_hint;
      if bulk_id is null then
        raise exception using errcode = sqlstate, message = v_message, detail = v_detail, hint = v_hint;
      end if;
      raise exception using
        errcode = sqlstate,
        message = v_message,
        detail = pg_catalog.concat(
          v_detail, case when v_detail operator(pg_catalog.<>) '' then e'\n' end,
          pg_catalog.format('%s %s were deleted before, in committed batches.', purged, what)
        ),
        hint = case when v_hint operator(pg_catalog.<>) '' then v_hint else 'Call it again to go on.' end;
    end;
    commit;
    continue when v_batch is null;

    v_progress := v_batch.progress;
    purged := v_batch.total;
    skipped := v_batch.skipped;
    kept := coalesce(kept, v_batch.kept);
    bulk_id := v_batch.bulk_id;
    exit when v_progress is null;
    if v_batch.purged operator(pg_catalog.>) 0 then
      v_next := pg_catalog.clock_timestamp() operator(pg_catalog.+) coalesce(
        pause, (pg_catalog.clock_timestamp() operator(pg_catalog.-) v_now) operator(pg_catalog.*) 2::pg_catalog.float8
      );
      raise notice 'purge %: % % so far', name, purged, what;
    end if;
  end loop;
  if preview then
    raise notice 'purge %: it would delete % %', name, purged, what;
  elsif purged operator(pg_catalog.>) 0 then
    raise notice 'purge %: % % deleted; autovacuum, or VACUUM, frees their room for new rows', name, purged, what;
  end if;
  if skipped operator(pg_catalog.>) 0 then
    raise notice 'purge %: % % skipped, because another session held or moved them; call again', name, skipped, what;
  end if;
end
$procedure$;

comment on procedure kanthorq_schema._kanthorq_purge_all(text, text, timestamp with time zone, text[], boolean, text, boolean, int, bigint, interval, text, bigint, bigint, bigint, jsonb) is 'Internal. The loop of the procedures that delete in committed batches.';

-- function: _kanthorq_purge_log
create or replace function
kanthorq_schema._kanthorq_purge_log(
  action text,
  name text,
  reason text,
  bulk_id bigint,
  purged bigint,
  from_states jsonb,
  first_id text,
  last_id text
)
returns bigint
language plpgsql
volatile
as $function$
declare
  v_bulk bigint := kanthorq_schema._kanthorq_bulk(bulk_id, name, action);
  v_id bigint;
begin
  if purged > 0 then
    insert into kanthorq_schema.kanthorq_task_operation as o (
      at, action, consumer, reason, bulk_id, tasks, from_states, first_event_id, last_event_id, changes
    )
    values (
      clock_timestamp(), _kanthorq_purge_log.action, name, _kanthorq_purge_log.reason, v_bulk, purged, _kanthorq_purge_log.from_states,
      first_id, last_id, '{}'
    )
    returning o.id into v_id;
  end if;
  return coalesce(v_bulk, v_id);
end
$function$;

comment on function kanthorq_schema._kanthorq_purge_log(text, text, text, bigint, bigint, jsonb, text, text) is 'Internal. Writes a batch of a purge into the log.';

-- function: _kanthorq_purged_to
create or replace function kanthorq_schema._kanthorq_purged_to(consumer text)
returns text
language plpgsql
stable
as $function$
begin
  return (
    select max(o.last_event_id)
    from kanthorq_schema.kanthorq_task_operation o
    where o.consumer = _kanthorq_purged_to.consumer and o.action = 'purge'
  );
end
$function$;

comment on function kanthorq_schema._kanthorq_purged_to(text) is 'Internal. The last event whose task of a consumer was purged, or null.';

-- function: _kanthorq_refuse_claim
create or replace function kanthorq_schema._kanthorq_refuse_claim()
returns trigger
language plpgsql
volatile
as $function$
begin
  if tg_level = 'ROW' then
    perform pg_catalog.set_config('kanthorq.claim_refused', 'yes', false);
  elsif pg_catalog.current_setting('kanthorq.claim_refused', true) operator(pg_catalog.=) 'yes' then
    perform pg_catalog.set_config('kanthorq.claim_refused', '', false), pg_catalog.pg_sleep(1);
  end if;
  return null;
end
$function$;

comment on function kanthorq_schema._kanthorq_refuse_claim() is 'Internal. The trigger on the table of a held consumer: no worker claims a task.';

-- function: _kanthorq_refuse_state
create or replace function kanthorq_schema._kanthorq_refuse_state(name text)
returns void
language plpgsql
immutable
as $function$
begin
  raise exception '% is not a task state', kanthorq_schema._kanthorq_shown(name)
    using errcode = 'KQ003',
      hint = 'The states are ' || (select string_agg(s.name, ', ') from kanthorq_schema._kanthorq_task_states() s) || '.';
end
$function$;

comment on function kanthorq_schema._kanthorq_refuse_state(text) is 'Internal. Raises KQ003 for a name that is no state.';

-- function: _kanthorq_refuse_table
create or replace function kanthorq_schema._kanthorq_refuse_table(id text, kind text, name text)
returns void
language plpgsql
stable
as $function$
declare
  v_table regclass := kanthorq_schema._kanthorq_find_table(id);
begin
  if v_table is null then
    raise exception 'the table % of % % is gone',
        format('kanthorq_schema.%I', 'kanthorq_' || id), kind, kanthorq_schema._kanthorq_shown(name)
      using errcode = 'KQ002',
        hint = 'Restore the table from a backup. Registering the name again would make an empty one.';
  end if;
  raise exception 'the table % of % % %',
      v_table, kind, kanthorq_schema._kanthorq_shown(name), kanthorq_schema._kanthorq_table_fault(v_table, kind)
    using errcode = 'KQ002', hint = 'kanthorq_doctor() has the statement that repairs it.';
end
$function$;

comment on function kanthorq_schema._kanthorq_refuse_table(text, text, text) is 'Internal. Raises KQ002 for a table that is gone or has a fault.';

-- function: _kanthorq_refuses_claims
create or replace function kanthorq_schema._kanthorq_refuses_claims(name regclass)
returns boolean
language plpgsql
stable
as $function$
begin
  return (
    select count(*) = 2
    from pg_trigger g
    where g.tgrelid = name and g.tgname in ('_kanthorq_refuse_claim', '_kanthorq_delay_claim') and g.tgenabled = 'O'
      and g.tgfoid = 'kanthorq_schema._kanthorq_refuse_claim()'::regprocedure
  );
end
$function$;

comment on function kanthorq_schema._kanthorq_refuses_claims(regclass) is 'Internal. Whether the triggers of a hold stand on a table.';

-- function: _kanthorq_registered
create or replace function kanthorq_schema._kanthorq_registered()
returns table (
  kind text,
  name text,
  id text,
  task_table regclass,
  registry text
)
language plpgsql
stable
as $function$
begin
  return query
  select r.kind, r.name, r.id, kanthorq_schema._kanthorq_find_table(r.id), r.registry
  from (
    select 'consumer' as kind, c.name::text, c.id::text, 'kanthorq_consumer_registry' as registry
    from kanthorq_schema.kanthorq_consumer_registry c
    union all
    select 'stream', s.name, s.id, 'kanthorq_stream_registry'
    from kanthorq_schema.kanthorq_stream_registry s
  ) r;
end
$function$;

comment on function kanthorq_schema._kanthorq_registered() is 'Internal. The streams and consumers with their tables.';

-- function: _kanthorq_reset_rights
create or replace function kanthorq_schema._kanthorq_reset_rights(levels jsonb)
returns void
language plpgsql
volatile
as $function$
declare
  v_role record;
begin
  for v_role in
    select a.grantee, r.rolname
    from (
      select l.role as grantee from kanthorq_schema._kanthorq_role_levels() l
      union
      select a.grantee
      from kanthorq_schema._kanthorq_own_tables() o
      join pg_class c on c.oid = o.name
      cross join lateral (
        select x.grantee from aclexplode(c.relacl) x
        union
        select x.grantee from pg_attribute t, aclexplode(t.attacl) x where t.attrelid = c.oid
      ) a
      where a.grantee <> c.relowner
      union
      select r.oid from jsonb_object_keys(levels) k (name) join pg_roles r on r.rolname = k.name
    ) a
    left join pg_roles r on r.oid = a.grantee
    where pg_get_userbyid(a.grantee) <> current_user
  loop
    if v_role.grantee = 0 or v_role.rolname is not null then
      perform kanthorq_schema._kanthorq_set_level(v_role.rolname::name, levels ->> v_role.rolname::text);
    end if;
  end loop;
end
$function$;

comment on function kanthorq_schema._kanthorq_reset_rights(jsonb) is 'Internal. Takes away all rights that kanthorq_grant did not give.';

-- function: _kanthorq_revoke_usage
create or replace function kanthorq_schema._kanthorq_revoke_usage(schema regnamespace, role name)
returns void
language plpgsql
volatile
as $function$
declare
  v_role oid := (select r.oid from pg_roles r where r.rolname = role);
begin
  if exists (
    select
    from pg_namespace n, aclexplode(n.nspacl) a
    where n.oid = schema and a.grantee = v_role and a.privilege_type = 'USAGE' and pg_has_role(a.grantor, 'usage')
  ) and not exists (
    select
    from pg_class c
    left join lateral aclexplode(c.relacl) a on true
    where c.relnamespace = schema and v_role in (c.relowner, a.grantee)
    union all
    select
    from pg_proc p
    left join lateral aclexplode(p.proacl) a on true
    where p.pronamespace = schema and v_role in (p.proowner, a.grantee)
  ) then
    execute format('revoke usage on schema %s from %I', schema, role);
  end if;
end
$function$;

comment on function kanthorq_schema._kanthorq_revoke_usage(regnamespace, name) is 'Internal. Takes a role''s USAGE on the schema away, unless it has other rights there.';

-- function: _kanthorq_role_levels
create or replace function kanthorq_schema._kanthorq_role_levels(out role oid, out level text)
returns setof record
language sql
stable
begin atomic
  with routine as materialized (
    select p.oid, p.proacl, p.proowner, l.level
    from pg_proc p
    left join kanthorq_schema._kanthorq_function_levels() l on l.name = p.proname
    where p.proname ~ '^_?kanthorq_'
      and p.pronamespace = (
        select f.pronamespace from pg_proc f where f.oid = 'kanthorq_schema._kanthorq_function_levels()'::regprocedure
      )
      and pg_get_userbyid(p.proowner) = current_user
  ),
  level as materialized (
    select l.level, array_agg(r.oid order by r.oid) as routines
    from kanthorq_schema._kanthorq_levels() l
    join routine r on r.level = l.executes
    group by l.level
  ),
  granted as materialized (
    select a.grantee, array_agg(distinct r.oid order by r.oid) as routines, bool_or(a.is_grantable) as is_grantable
    from routine r, aclexplode(coalesce(r.proacl, acldefault('f', r.proowner))) a
    where a.grantee <> r.proowner
    group by a.grantee
  )
  select g.grantee, l.level
  from granted g
  left join level l on l.routines = g.routines and g.grantee <> 0 and not g.is_grantable;
end;

comment on function kanthorq_schema._kanthorq_role_levels() is 'Internal. The roles with rights on the functions, and the level that they make.';

-- function: _kanthorq_set_claims
create or replace function kanthorq_schema._kanthorq_set_claims(name regclass, refused boolean)
returns void
language plpgsql
volatile
as $function$
declare
  v_timeout text := current_setting('lock_timeout');
begin
  perform set_config('lock_timeout', least(nullif(s.setting::integer, 0), 2000)::text, true)
  from pg_settings s
  where s.name = 'lock_timeout';
  execute format('lock table %s in %s mode', name, case when refused then 'share row exclusive' else 'access exclusive' end);
  if refused then
    execute format($q$
      create or replace trigger _kanthorq_refuse_claim before update on %1$s
      for each row when (new.state = %2$s and new.attempt_count > old.attempt_count)
      execute function kanthorq_schema._kanthorq_refuse_claim();
      create or replace trigger _kanthorq_delay_claim before update on %1$s
      execute function kanthorq_schema._kanthorq_refuse_claim()
      $q$,
      name, kanthorq_schema._kanthorq_task_state('running')
    );
  else
    execute format('drop trigger if exists _kanthorq_refuse_claim on %1$s; drop trigger if exists _kanthorq_delay_claim on %1$s', name);
  end if;
  perform set_config('lock_timeout', v_timeout, true);
exception
  when lock_not_available then
    raise exception 'transactions that have changed % go on for too long', name
      using errcode = 'lock_not_available', hint = 'Nothing was changed. Try again, or end these transactions.';
end
$function$;

comment on function kanthorq_schema._kanthorq_set_claims(regclass, boolean) is 'Internal. Puts the triggers of a hold on a table, or takes them away.';

-- function: _kanthorq_set_level
create or replace function kanthorq_schema._kanthorq_set_level(role name, level text)
returns void
language plpgsql
volatile
as $function$
declare
  v_schema regnamespace := 'kanthorq_schema'::regnamespace;
  v_role text := coalesce(quote_ident(role), 'public');
  v_all text;
  v_granted text;
  v_tables text;
  v_sequences text;
  v_grantor name;
begin
  if role = current_user then
    raise exception '% owns the functions', kanthorq_schema._kanthorq_shown(role::text)
      using errcode = 'KQ003', hint = 'The owner may call everything, always. Name another role.';
  end if;

  -- Of two GRANTs on the same function at once PostgreSQL refuses one, with an internal error.
  lock table kanthorq_schema.kanthorq_task_operation in share update exclusive mode;

  select string_agg(p.oid::regprocedure::text, ', '),
    string_agg(p.oid::regprocedure::text, ', ') filter (
      where l.level in (select g.executes from kanthorq_schema._kanthorq_levels() g where g.level = _kanthorq_set_level.level)
    )
  into v_all, v_granted
  from pg_proc p
  left join kanthorq_schema._kanthorq_function_levels() l on l.name = p.proname
  where p.pronamespace = v_schema and p.proname ~ '^_?kanthorq_' and pg_get_userbyid(p.proowner) = current_user;
  select string_agg(c.oid::regclass::text, ', ') filter (where c.relkind <> 'S'),
    string_agg(c.oid::regclass::text, ', ') filter (where c.relkind = 'S')
  into v_tables, v_sequences
  from kanthorq_schema._kanthorq_own_tables() o
  join pg_class c on c.oid = o.name
  where pg_get_userbyid(c.relowner) = current_user;

  -- What another role has passed on can't be revoked by the owner; the right to pass it on can.
  for v_grantor in
    select distinct pg_get_userbyid(a.grantor)
    from (
      select p.proacl as acl, p.proowner as owner from pg_proc p where p.pronamespace = v_schema and p.proname ~ '^_?kanthorq_'
      union all
      select c.relacl, c.relowner from kanthorq_schema._kanthorq_own_tables() o join pg_class c on c.oid = o.name
    ) o
    cross join lateral aclexplode(o.acl) a
    where pg_get_userbyid(o.owner) = current_user and a.grantor <> o.owner and a.grantee = coalesce(quote_ident(role)::regrole::oid, 0)
  loop
    execute format('revoke grant option for all on routine %s from %I cascade', v_all, v_grantor);
    execute format('revoke grant option for all on table %s from %I cascade', v_tables, v_grantor);
    execute format('revoke grant option for all on sequence %s from %I cascade', v_sequences, v_grantor);
  end loop;
  execute format('revoke all on routine %s from %s cascade', v_all, v_role);
  execute format('revoke all on table %s from %s cascade', v_tables, v_role);
  execute format('revoke all on sequence %s from %s cascade', v_sequences, v_role);
  if level is null then
    if role is not null then
      perform kanthorq_schema._kanthorq_revoke_usage(v_schema, role);
    end if;
    return;
  end if;

  execute format('grant execute on routine %s to %s', v_granted, v_role);
  if not has_schema_privilege(role, v_schema, 'usage') then
    if has_schema_privilege(v_schema, 'usage with grant option') then
      execute format('grant usage on schema %s to %s', v_schema, v_role);
    else
      raise exception 'the role % can''t reach schema %', kanthorq_schema._kanthorq_shown(role::text), v_schema
        using errcode = 'insufficient_privilege',
          hint = format(
            'The owner of the schema, %s, has to: grant usage on schema %s to %s',
            (select n.nspowner::regrole from pg_namespace n where n.oid = v_schema), v_schema, v_role
          );
    end if;
  end if;
end
$function$;

comment on function kanthorq_schema._kanthorq_set_level(name, text) is 'Internal. Gives a role the functions of a level, and no others.';

-- function: _kanthorq_shown
create or replace function kanthorq_schema._kanthorq_shown(value text)
returns text
language plpgsql
immutable
as $function$
begin
  return coalesce(
    quote_literal(kanthorq_schema._kanthorq_one_line(left(value, 100))) || case when length(value) > 100 then '...' else '' end,
    case value when '' then '''''' else 'null' end
  );
end
$function$;

comment on function kanthorq_schema._kanthorq_shown(text) is 'Internal. A value, quoted, on one line and cut short, for a message.';

-- function: _kanthorq_stream
create or replace function
kanthorq_schema._kanthorq_stream(
  stream text,
  out registry kanthorq_schema.kanthorq_stream_registry,
  out event_table regclass
)
returns record
language plpgsql
stable
as $function$
begin
  if stream is null then
    raise exception 'stream is null' using errcode = 'KQ003', hint = 'Pass the name of a stream.';
  end if;
  perform kanthorq_schema._kanthorq_check_schema();
  select r.* into registry from kanthorq_schema.kanthorq_stream_registry r where r.name = stream;
  if not found then
    raise exception 'there is no stream %', kanthorq_schema._kanthorq_shown(stream)
      using errcode = 'KQ001', hint = kanthorq_schema._kanthorq_names_hint('stream', stream);
  end if;
  event_table := kanthorq_schema._kanthorq_find_table(registry.id::text);
  if event_table is null or kanthorq_schema._kanthorq_table_fault(event_table, 'stream') is not null then
    perform kanthorq_schema._kanthorq_refuse_table(registry.id::text, 'stream', stream);
  end if;
end
$function$;

comment on function kanthorq_schema._kanthorq_stream(text) is 'Internal. The registry row and the event table of a stream; KQ001 or KQ002 if either is missing.';

-- function: _kanthorq_subject_pattern
create or replace function kanthorq_schema._kanthorq_subject_pattern(filter text)
returns text
language plpgsql
immutable
as $function$
begin
  if filter = '' or filter ~ '(^|[.])>[.]' then
    return '.^';
  end if;
  return '^' || (
    select string_agg(
      case
        when t.token = '*' then '[^.]+'
        when t.token = '>' then '[^.]+([.][^.]+)*'
        else regexp_replace(t.token, '[^a-zA-Z0-9_]', e'\\\\\\&', 'g')
      end, '[.]' order by t.n
    )
    from string_to_table(filter, '.') with ordinality t (token, n)
  ) || '$';
end
$function$;

comment on function kanthorq_schema._kanthorq_subject_pattern(text) is 'Internal. A subject filter of KanthorQ as a regular expression.';

-- function: _kanthorq_table_fault
create or replace function kanthorq_schema._kanthorq_table_fault(name regclass, kind text)
returns text
language plpgsql
stable
as $function$
declare
  v_class record;
  v_columns text[] := case kind
    when 'consumer' then array[
      'event_id character varying', 'subject character varying', 'state smallint', 'schedule_at bigint', 'finalized_at bigint',
      'attempt_count smallint', 'attempted_at bigint', 'attempted_error jsonb[]', 'metadata jsonb', 'created_at bigint',
      'updated_at bigint'
    ]
    when 'stream' then array['id character varying', 'subject character varying', 'body bytea', 'metadata jsonb', 'created_at bigint']
    else '{}'
  end;
  v_present text[];
begin
  select c.relkind, pg_get_userbyid(c.relowner) as owner,
    c.relkind = 'p' or c.relhastriggers
      or exists (select from aclexplode(c.relacl) a where a.privilege_type = 'TRIGGER' and a.grantee <> c.relowner) as has_more
  into v_class
  from pg_class c
  where c.oid = name;
  if not found then
    return null;
  elsif v_class.relkind not in ('r', 'p') then
    return 'is no table';
  elsif v_class.owner <> current_user then
    return kanthorq_schema._kanthorq_one_line(format('belongs to the role %I, the functions to %I', v_class.owner, current_user));
  elsif row_security_active(name::oid) then
    return kanthorq_schema._kanthorq_one_line(format('hides rows from %I by row level security', current_user));
  elsif not (has_table_privilege(name, 'select') and has_table_privilege(name, 'insert') and has_table_privilege(name, 'update')) then
    return kanthorq_schema._kanthorq_one_line(format('can''t be read or changed by %I, its owner', current_user));
  end if;

  -- A query with conditions on kind would be planned anew in each call. quote_all_identifiers quotes types, too.
  v_present := array(
    select a.attname || ' ' || replace(case a.atttypid when 'text'::regtype then 'varchar'::regtype else a.atttypid end::regtype::text, '"', '')
    from pg_attribute a
    where a.attrelid = name and a.attnum > 0
  );
  if not v_present @> v_columns then
    return (
      select format('has no column %s of type %s', split_part(c.column_type, ' ', 1), substr(c.column_type, strpos(c.column_type, ' ') + 1))
      from unnest(v_columns) c (column_type)
      where c.column_type <> all (v_present)
      limit 1
    );
  end if;

  if v_class.has_more then
    return coalesce(
      (
        select kanthorq_schema._kanthorq_one_line(format('has a partition of the role %I', pg_get_userbyid(c.relowner)))
        from pg_partition_tree(name) t
        join pg_class c on c.oid = t.relid
        where pg_get_userbyid(c.relowner) <> current_user
        limit 1
      ),
      kanthorq_schema._kanthorq_hold_triggers(name)
    );
  end if;
  return null;
end
$function$;

comment on function kanthorq_schema._kanthorq_table_fault(regclass, text) is 'Internal. Why a table must not be touched; null if it is sound.';

-- function: _kanthorq_table_repair
create or replace function kanthorq_schema._kanthorq_table_repair(name regclass)
returns text
language plpgsql
stable
as $function$
begin
  return (
    select case
      when pg_get_userbyid(c.relowner) <> current_user
        then kanthorq_schema._kanthorq_one_line(format(
          '-- if the role is to be trusted, with all triggers, defaults, rules, indexes and policies of the table: alter table %s owner to %I',
          c.oid::regclass, current_user
        ))
      when row_security_active(c.oid) then format('alter table %s no force row level security', c.oid::regclass)
      when not (has_table_privilege(c.oid, 'select') and has_table_privilege(c.oid, 'insert') and has_table_privilege(c.oid, 'update'))
        then format('grant all on table %s to %I', c.oid::regclass, current_user)
      else '-- a table that KanthorQ made has no such fault: repair what was changed by hand'
    end
    from pg_class c
    where c.oid = name
  );
end
$function$;

comment on function kanthorq_schema._kanthorq_table_repair(regclass) is 'Internal. The SQL that makes a table with a fault usable.';

-- function: _kanthorq_task_all
create or replace procedure
kanthorq_schema._kanthorq_task_all(
  action text,
  consumer text,
  states text[],
  subject text,
  metadata jsonb,
  error text,
  fingerprint text,
  created_after timestamp with time zone,
  created_before timestamp with time zone,
  finalized_after timestamp with time zone,
  finalized_before timestamp with time zone,
  everything boolean,
  batch_size int,
  max_tasks bigint,
  pause interval,
  reason text,
  schedule_at timestamp with time zone,
  reset_attempts boolean,
  spread interval,
  running boolean,
  undone_bulk_id bigint,
  inout updated bigint,
  inout skipped bigint,
  inout bulk_id bigint
)
language plpgsql
as $procedure$
declare
  v_what pg_catalog.text := case when action operator(pg_catalog.=) 'undo' then pg_catalog.concat('undo of bulk ', undone_bulk_id)
    else pg_catalog.concat(action, ' ', consumer) end;
  v_batch pg_catalog.record;
  v_progress kanthorq_schema.kanthorq_task_progress;
  v_batches pg_catalog.int8 := 0;
  v_found pg_catalog.int8;
  v_now pg_catalog.timestamptz;
  v_next pg_catalog.timestamptz := '-infinity';
  v_message pg_catalog.text;
  v_detail pg_catalog.text;
  v_hint pg_catalog.text;
begin
  call kanthorq_schema._kanthorq_check_can_commit(pg_catalog.format('kanthorq_task_%s_all', action), pause);
  loop
    v_batch := null;
    v_now := pg_catalog.clock_timestamp();
    begin
      if v_now operator(pg_catalog.<) v_next then
        perform pg_catalog.pg_sleep_for(least(v_next operator(pg_catalog.-) v_now, interval '0.1 seconds'));
      elsif action operator(pg_catalog.=) 'undo' then
        select b.progress, b.updated, b.skipped, b.total, b.undo_bulk_id as bulk_id into v_batch
        from kanthorq_schema.kanthorq_task_undo_batch(undone_bulk_id, reason, v_progress) b;
      else
        select b.progress, b.updated, b.skipped, b.total, b.bulk_id into v_batch
        from kanthorq_schema.kanthorq_task_batch(
          action, consumer, states, subject, metadata, error, fingerprint, created_after, created_before, finalized_after,
          finalized_before, everything, batch_size, max_tasks, reason, schedule_at, reset_attempts, spread, running, v_progress
        ) b;
      end if;
    exception when others or query_canceled then
      get stacked diagnostics v_message = message_text, v_detail = pg_exception_detail, v_hint = pg_exception_hint;
      if v_batches operator(pg_catalog.=) 0 and (v_detail operator(pg_catalog.<>) '' or v_hint operator(pg_catalog.=) '') then
        raise;
      elsif v_batches operator(pg_catalog.=) 0 then
        -- Anew, so that the context of the error is short.
        raise exception using errcode = sqlstate, message = v_message, hint = v_hint;
      end if;
      raise exception using
        errcode = sqlstate,
        message = v_message,
        detail = pg_catalog.concat(
          v_detail, case when v_detail operator(pg_catalog.<>) '' then e'\n' end,
          pg_catalog.format('%s batches with %s tasks were committed before and stay, as bulk %s.', v_batches, updated, bulk_id)
        ),
        hint = case when v_hint operator(pg_catalog.<>) '' then v_hint else 'Call it again to go on.' end;
    end;
    commit;
    continue when v_batch is null;

    v_progress := v_batch.progress;
    v_found := coalesce(least((v_progress).found, max_tasks), v_found);
    updated := v_batch.total;
    skipped := v_batch.skipped;
    bulk_id := v_batch.bulk_id;
    if v_batch.updated operator(pg_catalog.>) 0 then
      v_batches := v_batches operator(pg_catalog.+) 1;
      v_next := pg_catalog.clock_timestamp() operator(pg_catalog.+) coalesce(
        pause, (pg_catalog.clock_timestamp() operator(pg_catalog.-) v_now) operator(pg_catalog.*) 2::pg_catalog.float8
      );
      raise notice '%: % tasks so far', v_what,
        pg_catalog.concat(updated, case when v_found operator(pg_catalog.>) 0 then pg_catalog.concat(' of ', v_found) end);
    end if;
    exit when v_progress is null;
  end loop;
  if bulk_id is not null then
    raise notice '%: % tasks in % batches; to take them back: call kanthorq_task_undo_all(%)', v_what, updated, v_batches, bulk_id;
  end if;
  if skipped operator(pg_catalog.>) 0 then
    if action operator(pg_catalog.=) 'undo' then
      raise notice '%: % tasks left alone, because something has touched them since', v_what, skipped;
    else
      raise notice '%: % tasks skipped, because another session held or moved them; call again to take those that still match',
        v_what, skipped;
    end if;
  end if;
end
$procedure$;

comment on procedure kanthorq_schema._kanthorq_task_all(text, text, text[], text, jsonb, text, text, timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone, boolean, int, bigint, interval, text, timestamp with time zone, boolean, interval, boolean, bigint, bigint, bigint, bigint) is 'Internal. The loop of the procedures that move many tasks in committed batches.';

-- function: _kanthorq_task_columns_sql
create or replace function kanthorq_schema._kanthorq_task_columns_sql()
returns text
language plpgsql
immutable
as $function$
begin
  return format($q$
    t.event_id::text,
    t.subject::text,
    kanthorq_schema._kanthorq_task_state_name(t.state),
    %s,
    kanthorq_schema._kanthorq_as_time(nullif(t.schedule_at, 0)),
    kanthorq_schema._kanthorq_as_time(nullif(t.finalized_at, 0)),
    t.attempt_count::integer,
    $2::integer,
    kanthorq_schema._kanthorq_as_time(nullif(t.attempted_at, 0)),
    t.attempted_error[array_upper(t.attempted_error, 1)] ->> 'error',
    t.metadata,
    kanthorq_schema._kanthorq_as_time(t.created_at),
    kanthorq_schema._kanthorq_as_time(t.updated_at)
    $q$,
    kanthorq_schema._kanthorq_task_takes_sql('discard', false, false)
  );
end
$function$;

comment on function kanthorq_schema._kanthorq_task_columns_sql() is 'Internal. The SELECT list that makes a kanthorq_task.';

-- function: _kanthorq_task_estimate
create or replace function kanthorq_schema._kanthorq_task_estimate(consumer text)
returns table (
  state text,
  tasks bigint,
  stuck bigint
)
language plpgsql
stable
as $function$
declare
  v_consumer record := kanthorq_schema._kanthorq_consumer(consumer);
  v_table regclass := kanthorq_schema._kanthorq_find_table(v_consumer.id);
  v_pages bigint := (
    select sum(pg_relation_size(p.relid)) / current_setting('block_size')::integer
    from (select v_table as relid union select t.relid from pg_partition_tree(v_table) t) p
  );
  v_share float8 := least(1, 1000.0 / greatest(v_pages, 1));
begin
  return query execute format($q$
    with sampled as (
      select t.state, round(count(*) / $3)::bigint as tasks, round(count(*) filter (where %1$s) / $3)::bigint as stuck
      from %2$s t tablesample system ($3 * 100) repeatable (1)
      group by t.state
    ),
    counted as (
      select s.code as state, c.tasks, c.stuck
      from kanthorq_schema._kanthorq_task_states() s
      cross join lateral (
        select count(*) as tasks, count(*) filter (where %1$s) as stuck
        from (select * from %2$s t where t.state = s.code order by t.schedule_at limit 10000) t
      ) c
      where $4
    )
    select kanthorq_schema._kanthorq_task_state_name(state),
      case when c.tasks < 10000 then c.tasks else greatest(s.tasks, c.tasks) end,
      case when c.tasks < 10000 then c.stuck else greatest(s.stuck, c.stuck) end
    from sampled s
    full join counted c using (state)
    where case when c.tasks < 10000 then c.tasks else greatest(s.tasks, c.tasks) end > 0
    order by state
    $q$,
    kanthorq_schema._kanthorq_task_takes_sql('discard', false, false), v_consumer.tasks
  )
  using kanthorq_schema._kanthorq_now(), v_consumer.attempt_max, v_share,
    v_share < 1 and kanthorq_schema._kanthorq_has_scheduling_index(v_table);
end
$function$;

comment on function kanthorq_schema._kanthorq_task_estimate(text) is 'Internal. Estimates how many tasks a consumer has in each state.';

-- function: _kanthorq_task_log
create or replace function
kanthorq_schema._kanthorq_task_log(
  now bigint,
  action text,
  consumer text,
  reason text,
  changes kanthorq_schema.kanthorq_task_change[],
  bulk_id bigint,
  undoes bigint,
  origin bigint
)
returns bigint
language plpgsql
volatile
as $function$
declare
  v_id bigint;
begin
  insert into kanthorq_schema.kanthorq_task_operation as o (
    at, action, consumer, reason, bulk_id, undoes, origin, tasks, from_states, first_event_id, last_event_id, changes
  )
  select
    kanthorq_schema._kanthorq_as_time(now), _kanthorq_task_log.action, _kanthorq_task_log.consumer, _kanthorq_task_log.reason,
    _kanthorq_task_log.bulk_id, _kanthorq_task_log.undoes, _kanthorq_task_log.origin, coalesce(sum(s.tasks), 0),
    coalesce(jsonb_object_agg(kanthorq_schema._kanthorq_task_state_name(s.state), s.tasks), '{}'), coalesce(min(s.first_id), ''),
    coalesce(max(s.last_id), ''),
    _kanthorq_task_log.changes
  from (
    select c.from_state as state, count(*) as tasks, min(c.event_id collate "C") as first_id, max(c.event_id collate "C") as last_id
    from unnest(_kanthorq_task_log.changes) c
    group by c.from_state
  ) s
  returning o.id into v_id;
  return v_id;
end
$function$;

comment on function kanthorq_schema._kanthorq_task_log(bigint, text, text, text, kanthorq_schema.kanthorq_task_change[], bigint, bigint, bigint) is 'Internal. Writes an operation into the log and returns its id.';

-- function: _kanthorq_task_matches
create or replace function
kanthorq_schema._kanthorq_task_matches(
  filter kanthorq_schema._kanthorq_task_filter,
  state smallint,
  subject text,
  metadata jsonb,
  attempted_error jsonb[],
  created_at bigint,
  finalized_at bigint
)
returns boolean
language sql
immutable
return ((filter).states is null or state = any ((filter).states))
  and ((filter).subject is null or subject = (filter).subject)
  and ((filter).subject_pattern is null or subject ~ (filter).subject_pattern)
  and ((filter).metadata is null or metadata @> (filter).metadata)
  and ((filter).created_from is null or created_at >= (filter).created_from)
  and ((filter).created_to is null or created_at < (filter).created_to)
  and ((filter).finalized_from is null or finalized_at >= (filter).finalized_from)
  and ((filter).finalized_to is null or finalized_at < (filter).finalized_to)
  and (
    (filter).error is null
    or strpos(kanthorq_schema._kanthorq_folded(attempted_error[array_upper(attempted_error, 1)] ->> 'error'), (filter).error) > 0
  )
  and (
    (filter).fingerprint is null
    or strpos(attempted_error[array_upper(attempted_error, 1)] ->> 'error', (filter).fingerprint_start) > 0
    and kanthorq_schema._kanthorq_fingerprint(attempted_error[array_upper(attempted_error, 1)] ->> 'error') = (filter).fingerprint
  );

comment on function kanthorq_schema._kanthorq_task_matches(kanthorq_schema._kanthorq_task_filter, smallint, text, jsonb, jsonb[], bigint, bigint) is 'Internal. Whether the common filter lets a task through.';

-- function: _kanthorq_task_report
create or replace function
kanthorq_schema._kanthorq_task_report(
  action text,
  consumer text,
  event_ids text[],
  attempts int[],
  errors text[],
  stacks text[],
  due bigint,
  extend_by interval,
  out updated text[],
  out noop text[]
)
returns record
language plpgsql
volatile
as $function$
declare
  v_consumer record;
  v_moved text[];
begin
  perform kanthorq_schema._kanthorq_check_event_ids(event_ids);
  v_consumer := kanthorq_schema._kanthorq_consumer(consumer);
  if cardinality(attempts) <> cardinality(event_ids) then
    raise exception 'there are % attempts for % event_ids', cardinality(attempts), cardinality(event_ids)
      using errcode = 'KQ003', hint = 'Pass the attempt that kanthorq_task_pull returned with each id, or null to report on any attempt.';
  end if;
  if action = 'fail' and (errors is null or cardinality(errors) <> cardinality(event_ids) or cardinality(stacks) <> cardinality(event_ids)) then
    raise exception 'there are % errors and % stacks for % event_ids', coalesce(cardinality(errors)::text, 'null'),
        coalesce(cardinality(stacks)::text, 'null'), cardinality(event_ids)
      using errcode = 'KQ003', hint = 'Pass an error for each id, and as many stacks or null.';
  elsif array_position(errors, null) is not null or '' = any (errors) then
    raise exception 'errors[%] is %', coalesce(array_position(errors, null), array_position(errors, '')),
        case when array_position(errors, null) is null then 'empty' else 'null' end
      using errcode = 'KQ003', hint = 'Say why the task failed: KanthorQ''s program refuses tasks with an empty error.';
  end if;
  if not isfinite(extend_by) or extend_by <= interval '0' or extend_by > interval '1 year' then
    raise exception 'extend_by is %', extend_by
      using errcode = 'KQ003', hint = 'Pass an interval of more than nothing and at most a year, or null for the visibility timeout.';
  end if;

  execute format($q$
    with given as materialized (
      select distinct on (g.event_id) g.event_id, g.attempt, g.error, g.stack
      from unnest($3, $4, $5, $6) with ordinality g (event_id, attempt, error, stack, n)
      order by g.event_id, g.n
    ),
    locked as materialized (
      select t.event_id
      from %1$s t
      where t.event_id = any ((select $3)::text[]) and t.state + 0 = %3$s
      order by t.event_id
      for no key update
    ),
    moved as (
      update %1$s t
      set %2$s
      from locked l
      join given g on g.event_id = l.event_id
      where t.event_id = l.event_id and t.state + 0 = %3$s
        and ($4 is null or t.attempt_count = g.attempt)
      returning t.event_id
    )
    select array_agg(m.event_id::text) from moved m
    $q$,
    v_consumer.tasks,
    case action
      when 'complete' then format('state = %s, finalized_at = $1', kanthorq_schema._kanthorq_task_state('completed'))
      when 'fail' then format(
        $set$
        state = case when t.attempt_count >= $2 then %s else %s end,
        finalized_at = case when t.attempt_count >= $2 then $1 else t.finalized_at end,
        schedule_at = coalesce($7, t.schedule_at),
        attempted_error = t.attempted_error
          || jsonb_build_object('at', $1, 'error', g.error, 'stack', coalesce(nullif(g.stack, ''), g.error))
        $set$,
        kanthorq_schema._kanthorq_task_state('discarded'), kanthorq_schema._kanthorq_task_state('retryable')
      )
      when 'extend' then 'schedule_at = greatest(t.schedule_at, $1 + $8)'
      when 'release' then 'schedule_at = $1, attempt_count = greatest(t.attempt_count - 1, 0)'
    end,
    kanthorq_schema._kanthorq_task_state('running')
  )
  into v_moved
  using kanthorq_schema._kanthorq_now(), v_consumer.attempt_max, event_ids, attempts, errors, stacks, due,
    coalesce((extract(epoch from extend_by) * 1000)::bigint, v_consumer.visibility_timeout);

  select d.updated, d.noop into updated, noop from kanthorq_schema._kanthorq_divide_ids(event_ids, v_moved) d;
end
$function$;

comment on function kanthorq_schema._kanthorq_task_report(text, text, text[], int[], text[], text[], bigint, interval) is 'Internal. Writes what a worker reports into the tasks whose attempt it holds.';

-- function: _kanthorq_task_state
create or replace function kanthorq_schema._kanthorq_task_state(name text)
returns smallint
language sql
immutable
return case name
  when 'discarded' then -102
  when 'cancelled' then -101
  when 'pending' then 0
  when 'available' then 1
  when 'running' then 2
  when 'completed' then 101
  when 'retryable' then 102
end::smallint;

comment on function kanthorq_schema._kanthorq_task_state(text) is 'Internal. The code of the state with this name; null if there is none.';

-- function: _kanthorq_task_state_name
create or replace function kanthorq_schema._kanthorq_task_state_name(state smallint)
returns text
language sql
immutable
return case state
  when kanthorq_schema._kanthorq_task_state('discarded') then 'discarded'
  when kanthorq_schema._kanthorq_task_state('cancelled') then 'cancelled'
  when kanthorq_schema._kanthorq_task_state('pending') then 'pending'
  when kanthorq_schema._kanthorq_task_state('available') then 'available'
  when kanthorq_schema._kanthorq_task_state('running') then 'running'
  when kanthorq_schema._kanthorq_task_state('completed') then 'completed'
  when kanthorq_schema._kanthorq_task_state('retryable') then 'retryable'
  else state::text
end;

comment on function kanthorq_schema._kanthorq_task_state_name(smallint) is 'Internal. The name of the state with this code; the code itself if it has none.';

-- function: _kanthorq_task_states
create or replace function kanthorq_schema._kanthorq_task_states(out name text, out code smallint)
returns setof record
language sql
immutable
begin atomic
  select s.name, kanthorq_schema._kanthorq_task_state(s.name)
  from unnest(array['discarded', 'cancelled', 'pending', 'available', 'running', 'completed', 'retryable']) s (name);
end;

comment on function kanthorq_schema._kanthorq_task_states() is 'Internal. The states of a task, by name and by code.';

-- function: _kanthorq_task_takes_sql
create or replace function
kanthorq_schema._kanthorq_task_takes_sql(
  action text,
  by_id boolean,
  running boolean
)
returns text
language plpgsql
immutable
as $function$
declare
  v_hidden text := case when by_id then ' + 0' else '' end;
begin
  return case action
    when 'cancel' then format(
      't.state%s in (%s, %s, %s%s)', v_hidden,
      kanthorq_schema._kanthorq_task_state('pending'),
      kanthorq_schema._kanthorq_task_state('available'),
      kanthorq_schema._kanthorq_task_state('retryable'),
      case when running then ', ' || kanthorq_schema._kanthorq_task_state('running') else '' end
    )
    when 'resume' then format(
      't.state%s in (%s, %s)', v_hidden,
      kanthorq_schema._kanthorq_task_state('discarded'),
      kanthorq_schema._kanthorq_task_state('cancelled')
    )
    when 'discard' then format(
      't.state%1$s = %2$s and t.schedule_at%1$s < $1 and t.attempt_count%1$s > $2', v_hidden,
      kanthorq_schema._kanthorq_task_state('running')
    )
  end;
end
$function$;

comment on function kanthorq_schema._kanthorq_task_takes_sql(text, boolean, boolean) is 'Internal. The condition under which cancel, resume or discard takes a task, as SQL.';

-- function: _kanthorq_task_transition
create or replace function
kanthorq_schema._kanthorq_task_transition(
  action text,
  consumer text,
  event_ids text[],
  reason text,
  running boolean,
  due bigint,
  reset_attempts boolean,
  spread_step double precision,
  spread_from bigint,
  bulk_id bigint,
  out updated text[],
  out noop text[],
  out operation_id bigint
)
returns record
language plpgsql
volatile
as $function$
declare
  v_consumer record := kanthorq_schema._kanthorq_consumer(consumer);
  v_now bigint := kanthorq_schema._kanthorq_now();
  v_changes kanthorq_schema.kanthorq_task_change[];
  v_moved text[];
begin
  -- The array of ids stands in a sub-select: the planner would look at each element.
  execute format($q$
    with locked as materialized (
      select t.event_id, t.state, t.schedule_at, t.finalized_at, t.attempt_count, t.updated_at
      from %1$s t
      where t.event_id = any ((select $3)::text[]) and %2$s
      order by t.event_id
      for no key update
    ),
    moved as (
      update %1$s t
      set state = $4, %3$s, updated_at = case when t.updated_at between $1 and 9223372036854775806 then t.updated_at + 1 else $1 end
      from %4$s l
      where t.event_id = l.event_id and %2$s
      returning (
        l.event_id, l.state, l.schedule_at, l.finalized_at, l.attempt_count, l.updated_at,
        t.state, t.schedule_at, t.finalized_at, t.attempt_count, t.updated_at
      )::kanthorq_schema.kanthorq_task_change as change
    )
    select array_agg(m.change), array_agg((m.change).event_id) from moved m
    $q$,
    v_consumer.tasks,
    kanthorq_schema._kanthorq_task_takes_sql(action, true, running),
    case action
      when 'resume' then $set$
        finalized_at = 0,
        schedule_at = $5 + ($6 * ($7 + l.n - 1))::bigint,
        attempt_count = case when $8 then 0 else least(t.attempt_count, greatest($2 - 1, 0)) end
        $set$
      else 'finalized_at = $1'
    end,
    case action when 'resume' then '(select *, row_number() over (order by event_id) as n from locked)' else 'locked' end
  )
  into v_changes, v_moved
  using v_now, v_consumer.attempt_max, event_ids,
    case action
      when 'cancel' then kanthorq_schema._kanthorq_task_state('cancelled')
      when 'resume' then kanthorq_schema._kanthorq_task_state('running')
      when 'discard' then kanthorq_schema._kanthorq_task_state('discarded')
    end,
    coalesce(due, v_now), spread_step, spread_from, coalesce(reset_attempts, false);

  if v_changes is not null then
    operation_id := kanthorq_schema._kanthorq_task_log(v_now, action, consumer, reason, v_changes, bulk_id, null::bigint, null::bigint);
  end if;
  select d.updated, d.noop into updated, noop from kanthorq_schema._kanthorq_divide_ids(event_ids, v_moved) d;
end
$function$;

comment on function kanthorq_schema._kanthorq_task_transition(text, text, text[], text, boolean, bigint, boolean, double precision, bigint, bigint) is 'Internal. Does an action to the given tasks, logs it, and says which ids were moved.';

-- function: _kanthorq_task_undo
create or replace function
kanthorq_schema._kanthorq_task_undo(
  operation_id bigint,
  reason text,
  bulk_id bigint,
  out updated text[],
  out noop text[],
  out undo_id bigint
)
returns record
language plpgsql
volatile
as $function$
declare
  v_operation kanthorq_schema.kanthorq_task_operation;
  v_consumer record;
  v_ids text[];
  v_wanted kanthorq_schema.kanthorq_task_change[];
  v_changes kanthorq_schema.kanthorq_task_change[];
  v_moved text[];
begin
  perform kanthorq_schema._kanthorq_check_schema();
  select o.* into v_operation from kanthorq_schema.kanthorq_task_operation o where o.id = operation_id;
  if not found then
    raise exception 'there is no operation %', coalesce(operation_id::text, 'null')
      using errcode = 'KQ004', hint = 'kanthorq_task_operations() lists them; an old one may have been purged.';
  elsif v_operation.action like 'purge%' then
    raise exception 'operation % is a purge', operation_id
      using errcode = 'KQ004', hint = 'What it deleted is gone, or in its archive.';
  end if;
  if v_operation.action in ('hold', 'release') then
    raise exception 'operation % is a %', operation_id, v_operation.action
      using errcode = 'KQ004', hint = 'kanthorq_consumer_release() ends a hold, kanthorq_consumer_hold() begins one.';
  end if;
  v_consumer := kanthorq_schema._kanthorq_consumer(v_operation.consumer);
  v_ids := array(select c.event_id from unnest(v_operation.changes) c order by c.event_id);

  execute format($q$
    select from %s t where t.event_id = any ((select $1)::text[]) order by t.event_id for no key update
    $q$,
    v_consumer.tasks
  )
  using v_ids;

  v_wanted := array(
    select w
    from unnest(v_operation.changes) w
    where w.event_id not in (
      select c.event_id
      from kanthorq_schema.kanthorq_task_operation o, unnest(o.changes) c
      where o.consumer = v_operation.consumer and o.id > operation_id
        and o.last_event_id >= v_operation.first_event_id and o.first_event_id <= v_operation.last_event_id
      group by c.event_id, coalesce(o.origin, o.id)
      having count(*) % 2 = 1
    )
  );

  execute format($q$
    with moved as (
      update %1$s t
      set state = w.from_state, schedule_at = w.from_schedule_at, finalized_at = w.from_finalized_at,
        attempt_count = w.from_attempt_count, updated_at = w.from_updated_at
      from unnest((select $1)) w
      where t.event_id = w.event_id
        and t.state = w.to_state and t.schedule_at = w.to_schedule_at and t.finalized_at = w.to_finalized_at
        and t.attempt_count = w.to_attempt_count and t.updated_at = w.to_updated_at
      returning (
        w.event_id, w.to_state, w.to_schedule_at, w.to_finalized_at, w.to_attempt_count, w.to_updated_at,
        t.state, t.schedule_at, t.finalized_at, t.attempt_count, t.updated_at
      )::kanthorq_schema.kanthorq_task_change as change
    )
    select array_agg(m.change), array_agg((m.change).event_id) from moved m
    $q$,
    v_consumer.tasks
  )
  into v_changes, v_moved
  using v_wanted;

  if v_changes is not null then
    undo_id := kanthorq_schema._kanthorq_task_log(
      kanthorq_schema._kanthorq_now(), 'undo', v_operation.consumer, reason, v_changes, bulk_id, operation_id,
      coalesce(v_operation.origin, operation_id)
    );
  end if;
  select d.updated, d.noop into updated, noop
  from kanthorq_schema._kanthorq_divide_ids(v_ids, v_moved) d;
end
$function$;

comment on function kanthorq_schema._kanthorq_task_undo(bigint, text, bigint) is 'Internal. Puts the tasks of an operation back where nothing has touched them since, and logs it.';

-- function: _kanthorq_task_why
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
language sql
stable
return case
  when state is null then 'not found: the consumer has no task of this event'
  when state ~ '[0-9]' then format('in state %s, which KanthorQ does not have: no call takes it', state)
  when state = 'pending' then 'pending: no worker takes it until a person acts; cancel it, then resume it'
  when state = 'available' then 'available, but no worker of KanthorQ takes available tasks; cancel it, then resume it'
  when state = 'completed' then format('completed%s: nothing is left to do', ' at ' || date_trunc('second', finalized_at))
  when state = 'cancelled' then format('cancelled%s; resume it to have it worked again', ' at ' || date_trunc('second', finalized_at))
  when state = 'discarded' then format(
    'discarded%s after %s attempts%s; resume it to have it worked again',
    ' at ' || date_trunc('second', finalized_at), attempt_count, ': ' || last_error
  )
  when state = 'retryable' and attempt_count > attempt_max then format(
    'retryable, attempts spent (%s of %s): no worker takes it; cancel it, then resume it', attempt_count, attempt_max
  )
  when state = 'retryable' and schedule_at < now then 'retryable and due: the next free worker takes it'
  when state = 'retryable' then format('retryable, due at %s', date_trunc('second', schedule_at))
  when attempt_count > attempt_max and schedule_at < now then format(
    'running, overdue, attempts spent (%s of %s): no worker takes it again; discard it', attempt_count, attempt_max
  )
  when schedule_at < now then 'running and overdue: the next free worker picks it up again'
  when attempt_count > attempt_max then format(
    'running until %s, attempts spent (%s of %s): no worker takes it after that; then discard it',
    date_trunc('second', schedule_at), attempt_count, attempt_max
  )
  else format('running until %s, then picked up again', date_trunc('second', schedule_at))
end;

comment on function kanthorq_schema._kanthorq_task_why(text, timestamp with time zone, timestamp with time zone, smallint, smallint, text, timestamp with time zone) is 'Internal. Where a task stands, as a sentence.';

-- function: _kanthorq_time_limit
create or replace function
kanthorq_schema._kanthorq_time_limit(
  parameter text,
  moment timestamp with time zone
)
returns bigint
language plpgsql
immutable
as $function$
begin
  if not isfinite(moment) then
    raise exception '% is infinite', parameter
      using errcode = 'KQ003', hint = 'Pass a point in time, or null for no limit.';
  end if;
  return ceil(extract(epoch from moment) * 1000);
end
$function$;

comment on function kanthorq_schema._kanthorq_time_limit(text, timestamp with time zone) is 'Internal. The limit of a period in epoch milliseconds; KQ003 if it is infinite.';

-- function: _kanthorq_trigger_fault
create or replace function kanthorq_schema._kanthorq_trigger_fault(name regclass)
returns text
language plpgsql
stable
as $function$
begin
  return (
    select kanthorq_schema._kanthorq_one_line(f.fault)
    from (select name as relid union select p.relid from pg_partition_tree(name) p) t
    join pg_class c on c.oid = t.relid
    join pg_trigger g on g.tgrelid = c.oid and not g.tgisinternal
    cross join lateral (
      select format('has a trigger with code of the role %I', o.rolname) as fault
      from pg_depend d
      left join pg_proc p on d.refclassid = 'pg_proc'::regclass and p.oid = d.refobjid
      left join pg_operator q on d.refclassid = 'pg_operator'::regclass and q.oid = d.refobjid
      left join pg_type y on d.refclassid = 'pg_type'::regclass and y.oid = d.refobjid
      join pg_roles o on o.oid = coalesce(p.proowner, q.oprowner, y.typowner) and o.oid <> c.relowner and not o.rolsuper
      where d.classid = 'pg_trigger'::regclass and d.objid = g.oid
      union all
      select format('has a trigger whose condition calls %s, which may run other code', p.oid::regprocedure)
      from regexp_matches(g.tgqual::text, ':funcid ([0-9]+)', 'g') m (id)
      join pg_proc p on p.oid = m.id[1]::oid and p.provolatile <> 'i'
    ) f
    limit 1
  );
end
$function$;

comment on function kanthorq_schema._kanthorq_trigger_fault(regclass) is 'Internal. What is wrong with the triggers of a table; null if nothing is.';

-- function: _kanthorq_true_cursor
create or replace function kanthorq_schema._kanthorq_true_cursor(consumer text)
returns text
language plpgsql
stable
as $function$
begin
  return (
    select case when r.cursor = kanthorq_schema._kanthorq_held_cursor() then coalesce(h.cursor, r.cursor) else r.cursor end
    from kanthorq_schema.kanthorq_consumer_registry r
    left join kanthorq_schema.kanthorq_consumer_hold h on h.consumer_id = r.id
    where r.name = _kanthorq_true_cursor.consumer
  );
end
$function$;

comment on function kanthorq_schema._kanthorq_true_cursor(text) is 'Internal. How far a consumer has read its stream.';

-- function: _kanthorq_wanted_pattern
create or replace function
kanthorq_schema._kanthorq_wanted_pattern(
  subject_includes text[],
  subject_excludes text[]
)
returns text
language sql
immutable
as $function$
select coalesce(
    (
      select string_agg('(?!' || kanthorq_schema._kanthorq_subject_pattern(e) || ')', '')
      from unnest(subject_excludes[:cardinality(subject_includes)]) e
    ), ''
  )
  || '(?:' || string_agg(kanthorq_schema._kanthorq_subject_pattern(i), '|') || ')'
from unnest(subject_includes) i
$function$;

comment on function kanthorq_schema._kanthorq_wanted_pattern(text[], text[]) is 'Internal. The subjects that a consumer wants, as a regular expression.';

-- function: kanthorq_consumer_hold
create or replace function
kanthorq_schema.kanthorq_consumer_hold(
  consumer text,
  reason text default null,
  intake_only boolean default false
)
returns boolean
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
as $function$
#variable_conflict use_variable
declare
  v_consumer record := kanthorq_schema._kanthorq_consumer(consumer);
  v_table regclass := kanthorq_schema._kanthorq_find_table(v_consumer.id);
  v_above text := kanthorq_schema._kanthorq_held_cursor();
  v_now bigint := kanthorq_schema._kanthorq_now();
  v_refused boolean := not coalesce(intake_only, false);
  v_cursor text;
  v_was_refused boolean;
begin
  select r.cursor into v_cursor from kanthorq_schema.kanthorq_consumer_registry r where r.name = consumer for update;
  select not h.intake_only into v_was_refused from kanthorq_schema.kanthorq_consumer_hold h where h.consumer_id = v_consumer.id;
  if v_was_refused is null and v_cursor = v_above then
    raise exception 'the cursor of consumer % is lost', kanthorq_schema._kanthorq_shown(consumer)
      using errcode = 'KQ002', hint = 'It stands above every event, but there is no hold that has the true one. See kanthorq_doctor().';
  end if;
  if v_was_refused = v_refused and v_cursor = v_above and kanthorq_schema._kanthorq_refuses_claims(v_table) = v_refused then
    return false;
  end if;

  insert into kanthorq_schema.kanthorq_consumer_hold as h (consumer_id, consumer, cursor, intake_only, reason, at)
  values (v_consumer.id, consumer, v_cursor, not v_refused, reason, kanthorq_schema._kanthorq_as_time(v_now))
  on conflict (consumer_id) do update
  set consumer = excluded.consumer, cursor = case when excluded.cursor = v_above then h.cursor else excluded.cursor end,
    intake_only = excluded.intake_only, reason = excluded.reason, at = excluded.at, actor = excluded.actor;
  update kanthorq_schema.kanthorq_consumer_registry r set cursor = v_above where r.name = consumer;
  if kanthorq_schema._kanthorq_refuses_claims(v_table) <> v_refused then
    perform kanthorq_schema._kanthorq_set_claims(v_table, v_refused);
  end if;
  perform kanthorq_schema._kanthorq_task_log(v_now, 'hold'::text, consumer, reason, '{}'::kanthorq_schema.kanthorq_task_change[], null::bigint,
    null::bigint, null::bigint);
  return true;
end
$function$;

comment on function kanthorq_schema.kanthorq_consumer_hold(text, text, boolean) is 'Stops the intake of a consumer, until kanthorq_consumer_release: new events get no tasks, and workers take no retryable or overdue ones.

consumer     name of the consumer
reason       why, for the log and the doctor
intake_only  true leaves the tasks to the workers: only new events get none

Returns whether anything was changed: false if it was held like that already. With another intake_only the hold becomes that one.
Tasks that a worker has taken before go on: it completes or fails them. Cancel, resume and all other calls work. While held,
KanthorQ''s table of the tasks has two triggers (not with intake_only), and the cursor in its registry is above every id.

Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for null, and 55P03 if transactions that have changed
its tasks go on for more than two seconds.';

-- function: kanthorq_consumer_list
create or replace function kanthorq_schema.kanthorq_consumer_list(max_events int default 100000)
returns table (
  consumer_name text,
  stream_name text,
  subject_includes text[],
  subject_excludes text[],
  attempt_max int,
  visibility_timeout bigint,
  held text,
  unread bigint,
  oldest_unread timestamp with time zone,
  oldest_due timestamp with time zone
)
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_registry record;
  v_table regclass;
begin
  perform kanthorq_schema._kanthorq_check_schema();
  if max_events is null or max_events < 1 then
    raise exception 'max_events is %', coalesce(max_events::text, 'null')
      using errcode = 'KQ003', hint = 'Pass how many unread events of a consumer to count, at least 1.';
  end if;
  for v_registry in
    select r.name, r.id, r.stream_id, r.stream_name, r.subject_includes, r.subject_excludes, r.attempt_max, r.visibility_timeout
    from kanthorq_schema.kanthorq_consumer_registry r
    order by r.name
  loop
    consumer_name := v_registry.name;
    stream_name := v_registry.stream_name;
    subject_includes := v_registry.subject_includes;
    subject_excludes := v_registry.subject_excludes;
    attempt_max := v_registry.attempt_max;
    visibility_timeout := v_registry.visibility_timeout;
    held := kanthorq_schema._kanthorq_held(consumer_name, false);
    unread := null;
    oldest_unread := null;
    oldest_due := null;

    v_table := kanthorq_schema._kanthorq_find_table(v_registry.stream_id::text);
    if v_table is not null and kanthorq_schema._kanthorq_table_fault(v_table, 'stream') is null then
      execute format($q$
        select count(*), kanthorq_schema._kanthorq_as_time(min(e.created_at))
        from (select e.created_at from %s e where e.id > $1 order by e.id limit $2) e
        $q$,
        kanthorq_schema._kanthorq_only_sql(v_table)
      )
      into unread, oldest_unread
      using coalesce(kanthorq_schema._kanthorq_true_cursor(consumer_name), ''), max_events;
    end if;

    v_table := kanthorq_schema._kanthorq_find_table(v_registry.id::text);
    if v_table is not null and kanthorq_schema._kanthorq_table_fault(v_table, 'consumer') is null then
      execute format($q$
        select kanthorq_schema._kanthorq_as_time(min(d.schedule_at))
        from unnest(array[kanthorq_schema._kanthorq_task_state('running'), kanthorq_schema._kanthorq_task_state('retryable')]) s (state)
        cross join lateral (
          select t.schedule_at
          from %s t
          where t.state = s.state and t.attempt_count <= $1 and t.schedule_at < $2
          order by t.schedule_at
          limit 1
        ) d
        $q$,
        kanthorq_schema._kanthorq_only_sql(v_table)
      )
      into oldest_due
      using attempt_max, kanthorq_schema._kanthorq_now();
    end if;
    return next;
  end loop;
end
$function$;

comment on function kanthorq_schema.kanthorq_consumer_list(int) is 'Lists all consumers, also those without tasks, with their settings and their backlog.

max_events          how many unread events of each to count at most

Returns a row for each, in the order of their names:
consumer_name       the name that other functions take as consumer
stream_name         the stream of its events
subject_includes    filters of the subjects that it wants
subject_excludes    filters of the subjects that it does not want
attempt_max         how many attempts a failing task has before it is discarded
visibility_timeout  milliseconds after which a running task is picked up again
held                since when it is held, by whom and why; null if it is not
unread              how many events lie behind its cursor: not read yet, wanted or not; at most max_events
oldest_unread       when the oldest of them was made
oldest_due          since when the oldest task is due that a worker may take; null if none is

Where a table is gone or has a fault, the columns that need it are null. Raises KQ003 for a bad max_events.';

-- function: kanthorq_consumer_register
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

comment on function kanthorq_schema.kanthorq_consumer_register(text, text, text[], text[], int, bigint) is 'Registers a consumer of a stream and makes the table for its tasks; registering a name again returns the existing consumer.

stream              name of the stream, registered too if it is new
name                letters, digits and single underscores between them, at most 256 characters
subject_includes    filters of the subjects it wants, at least one: * is one token, > at the end is one or more
subject_excludes    filters of the subjects it does not want: none, or as many as subject_includes has, because KanthorQ compares them in
                    pairs
attempt_max         attempts before a failing task is discarded, 1 to 32767
visibility_timeout  milliseconds after which a running task is picked up again, more than 1000

Returns the row of kanthorq_consumer_registry. Raises KQ003 for a bad argument, and for a consumer of another stream.';

-- function: kanthorq_consumer_release
create or replace function
kanthorq_schema.kanthorq_consumer_release(
  consumer text,
  reason text default null
)
returns boolean
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
as $function$
#variable_conflict use_variable
declare
  v_consumer record := kanthorq_schema._kanthorq_consumer(consumer);
  v_table regclass := kanthorq_schema._kanthorq_find_table(v_consumer.id);
  v_cursor text;
  v_refused boolean;
begin
  perform from kanthorq_schema.kanthorq_consumer_registry r where r.name = consumer for update;
  delete from kanthorq_schema.kanthorq_consumer_hold h where h.consumer_id = v_consumer.id returning h.cursor into v_cursor;
  v_refused := exists (
    select
    from pg_trigger g
    where g.tgrelid = v_table and g.tgfoid = 'kanthorq_schema._kanthorq_refuse_claim()'::regprocedure
  );
  if v_cursor is null and not v_refused then
    return false;
  end if;
  update kanthorq_schema.kanthorq_consumer_registry r
  set cursor = v_cursor
  where r.name = consumer and r.cursor = kanthorq_schema._kanthorq_held_cursor() and v_cursor is not null;
  if v_refused then
    perform kanthorq_schema._kanthorq_set_claims(v_table, false);
  end if;
  perform kanthorq_schema._kanthorq_task_log(
    kanthorq_schema._kanthorq_now(), 'release'::text, consumer, reason, '{}'::kanthorq_schema.kanthorq_task_change[], null::bigint,
    null::bigint, null::bigint
  );
  return true;
end
$function$;

comment on function kanthorq_schema.kanthorq_consumer_release(text, text) is 'Ends a hold of kanthorq_consumer_hold: the events that came meanwhile get their tasks, and workers take tasks again.

consumer  name of the consumer
reason    why, for the log

Returns whether it was held. Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for null, and 55P03 if
transactions that have read or changed its tasks go on for more than two seconds.';

-- function: kanthorq_doctor
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
begin
  return query
  select f."check", f.severity, kanthorq_schema._kanthorq_one_line(f.detail),
    case when f.fix like '--%' then kanthorq_schema._kanthorq_one_line(f.fix) else f.fix end
  from kanthorq_schema._kanthorq_doctor_findings() f;
end
$function$;

comment on function kanthorq_schema.kanthorq_doctor() is 'Looks for faults in this database and gives the SQL that repairs them. Changes nothing; looks at every task.

Returns a row for each finding:
check     the kind: table is gone, table is not ours, table is open, table is not registered, no scheduling index; registration, worker can''t
          acknowledge, nobody works, more failures, stuck tasks, last attempt, pending tasks, mostly finished, tasks in available,
          event is gone, missed events, consumer is held, hold is broken; right not granted, function is not
          ours, schema is open, schema is not ours; schema was renamed, functions are missing, sequence is behind, migrations
severity  error, warning or info
detail    the finding and its consequence, on one line; a name that KanthorQ would not give has codes for its control characters
fix       the SQL that repairs it; a comment where a person has to decide first, so that this is safe:
          select fix from kanthorq_doctor() \gexec';

-- function: kanthorq_event_missed
create or replace function
kanthorq_schema.kanthorq_event_missed(
  consumer text,
  since timestamp with time zone default now() - cast('1 day' as interval)
)
returns table (
  event_id text,
  subject text,
  metadata jsonb,
  created_at timestamp with time zone
)
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_consumer record := kanthorq_schema._kanthorq_consumer(consumer);
  v_registry kanthorq_schema.kanthorq_consumer_registry;
  v_events regclass := kanthorq_schema._kanthorq_find_table(v_consumer.stream_id);
begin
  if not isfinite(since) then
    raise exception 'since is infinite' using errcode = 'KQ003', hint = 'Pass a point in time, or null for all events of the stream.';
  end if;
  if v_events is null or kanthorq_schema._kanthorq_table_fault(v_events, 'stream') is not null then
    perform kanthorq_schema._kanthorq_refuse_table(v_consumer.stream_id, 'stream', v_consumer.stream_name);
  end if;
  select r.* into v_registry from kanthorq_schema.kanthorq_consumer_registry r where r.name = consumer;
  return query execute format($q$
    with untasked as materialized (
      select e.id, e.subject
      from %1$s e
      where ($1 is null or e.id >= $1) and ($4 is null or e.id > $4) and e.id <= $2
        and not exists (select from %2$s t where t.event_id = e.id)
    ),
    wanted as materialized (
      select u.subject
      from untasked u
      group by u.subject
      having u.subject ~ $3
    )
    select e.id::text, e.subject::text, e.metadata, kanthorq_schema._kanthorq_as_time(e.created_at)
    from untasked u
    join wanted w on w.subject = u.subject
    join %1$s e on e.id = u.id
    order by e.id
    $q$,
    kanthorq_schema._kanthorq_only_sql(v_events), v_consumer.tasks
  )
  using
    -- An id begins with its time, of 48 bits.
    'event_' || case when since is not null then kanthorq_schema._kanthorq_crockford(
      least(greatest(kanthorq_schema._kanthorq_as_milliseconds(since), 0), 281474976710655), 10
    ) end,
    kanthorq_schema._kanthorq_true_cursor(consumer),
    kanthorq_schema._kanthorq_wanted_pattern(v_registry.subject_includes::text[], v_registry.subject_excludes::text[]),
    kanthorq_schema._kanthorq_purged_to(consumer);
end
$function$;

comment on function kanthorq_schema.kanthorq_event_missed(text, timestamp with time zone) is 'Lists the events that KanthorQ passed over: they match the filters of the consumer, lie behind its cursor, and have no task.

consumer  name of the consumer
since     only events whose ids were made from then on; null is all events of the stream

Returns a row for each, oldest first:
event_id    its id, for kanthorq_task_convert
subject     its subject
metadata    its metadata
created_at  when its publisher made it

Events up to the last one whose task was purged are left out. Where tasks were deleted in another way, let since be later. Raises KQ001 if there is no such
consumer, KQ002 if its table or that of its stream is gone, KQ003 for an infinite time.';

-- function: kanthorq_event_purge
create or replace procedure
kanthorq_schema.kanthorq_event_purge(
  stream text,
  before timestamp with time zone,
  with_missed boolean default false,
  archive text default null,
  preview boolean default false,
  batch_size int default 1000,
  max_events bigint default null,
  pause interval default null,
  reason text default null,
  inout purged bigint default null,
  inout skipped bigint default null,
  inout bulk_id bigint default null,
  inout kept jsonb default null
)
language plpgsql
as $procedure$
begin
  call kanthorq_schema._kanthorq_purge_all(
    'events', stream, before, null::pg_catalog.text[], with_missed, archive, preview, batch_size, max_events, pause, reason, purged, skipped,
    bulk_id, kept
  );
end
$procedure$;

comment on procedure kanthorq_schema.kanthorq_event_purge(text, timestamp with time zone, boolean, text, boolean, int, bigint, interval, text, bigint, bigint, bigint, jsonb) is 'Deletes the events of a stream that were made before a point in time and that no consumer can need again, batch by batch: each has read the
event, has no task of it but a completed one, and has not missed it. What is deleted can''t be undone.

stream       name of the stream
before       only events that were made before this time
with_missed  true also takes events that a consumer wants, has read and has no task of
archive      a table that gets the rows in the same statement, in this schema or as schema.table; null keeps none. To make one:
             create table my_archive (like kanthorq_stream_...)
preview      true counts the events that it would delete, and deletes nothing
batch_size   how many events one batch looks at
max_events   how many events at most; null is no limit
pause        the time between two batches; null is twice as long as the batch took, so that workers keep most of the server
reason       why, for the log

Returns one row:
purged       how many events it deleted, or would delete
skipped      how many it left alone because another session held them
bulk_id      the purge in kanthorq_task_operations; null if nothing was deleted
kept         of a preview, how many events of that age have to stay, by consumer and reason

Cancelled and discarded tasks keep their event, because they may be resumed: purge them first. It commits, so it can''t be called in a
transaction. Raises KQ001 if there is no such stream, KQ002 if its table, or that of one of its consumers, is gone, KQ003 for a bad argument
and for a stream without consumers. Batches that were committed before an error stay; the error''s detail says how many events they deleted.';

-- function: kanthorq_event_purge_batch
create or replace function
kanthorq_schema.kanthorq_event_purge_batch(
  stream text,
  before timestamp with time zone,
  with_missed boolean default false,
  archive text default null,
  preview boolean default false,
  batch_size int default 1000,
  max_events bigint default null,
  reason text default null,
  inout progress kanthorq_schema.kanthorq_task_progress default null,
  out purged bigint,
  out skipped bigint,
  out total bigint,
  out bulk_id bigint,
  out kept jsonb
)
returns record
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
set enable_partition_pruning = off
as $function$
declare
  v_before bigint;
  v_stream record;
  v_events text;
  v_archived text;
  v_registry record;
  v_consumer record;
  v_names text[] := '{}';
  v_cursors text[] := '{}';
  v_purged_to text[] := '{}';
  v_patterns text[] := '{}';
  v_joins text := '';
  v_needs text := '';
  v_bound text;
  v_last text;
  v_batch record;
begin
  v_before := kanthorq_schema._kanthorq_check_purge('before', before, batch_size, max_events, progress);
  v_stream := kanthorq_schema._kanthorq_stream(stream);
  v_events := kanthorq_schema._kanthorq_only_sql(v_stream.event_table);
  v_archived := kanthorq_schema._kanthorq_archive_sql(archive, v_stream.event_table, 'stream');
  for v_registry in
    select r.name, r.subject_includes, r.subject_excludes
    from kanthorq_schema.kanthorq_consumer_registry r
    where r.stream_id = (v_stream.registry).id
    order by r.name
  loop
    v_consumer := kanthorq_schema._kanthorq_consumer(v_registry.name::text);
    v_names := v_names || v_registry.name::text;
    v_cursors := v_cursors || coalesce(kanthorq_schema._kanthorq_true_cursor(v_registry.name::text), '');
    v_purged_to := v_purged_to || coalesce(kanthorq_schema._kanthorq_purged_to(v_registry.name::text), '');
    v_patterns := v_patterns || kanthorq_schema._kanthorq_wanted_pattern(v_registry.subject_includes::text[], v_registry.subject_excludes::text[]);
    v_joins := v_joins || format(
      ' left join lateral (select t.state from %s t where t.event_id = e.id) t%s on true', v_consumer.tasks, cardinality(v_names)
    );
    v_needs := v_needs || format($q$
      case
        when e.id > $2[%1$s] then $1[%1$s] || ' has not read it'
        when t%1$s.state <> kanthorq_schema._kanthorq_task_state('completed') then $1[%1$s] || ' has a task of it that is not completed'
        when t%1$s.state is null and not $5 and e.id > $3[%1$s] and e.subject ~ $4[%1$s] then $1[%1$s] || ' has missed it'
      end,
      $q$,
      cardinality(v_names)
    );
  end loop;
  if cardinality(v_names) = 0 then
    raise exception 'stream % has no consumer', kanthorq_schema._kanthorq_shown(stream)
      using errcode = 'KQ003', hint = 'The first one would read all of its events, so all are kept.';
  end if;
  -- Ids begin with the time.
  v_bound := 'event_' || kanthorq_schema._kanthorq_crockford(least(greatest(v_before, 0), 281474976710655), 10);

  if preview then
    execute format($q$
      select coalesce(sum(n.events) filter (where n.need is null), 0)::bigint as purged,
        coalesce(jsonb_object_agg(n.need, n.events) filter (where n.need is not null), '{}') as kept
      from (
        select coalesce(%3$s null) as need, count(*) as events
        from %1$s e
        %2$s
        where e.id < $6 and e.created_at < $7
        group by need
      ) n
      $q$,
      v_events, v_joins, v_needs
    )
    into v_batch
    using v_names, v_cursors, v_purged_to, v_patterns, coalesce(with_missed, false), v_bound, v_before;
    purged := least(v_batch.purged, max_events);
    total := purged;
    skipped := 0;
    kept := v_batch.kept;
    progress := null;
    return;
  end if;

  if progress is null then
    execute format('select max(e.id) from %s e where e.id < $1', v_events) into v_last using v_bound;
    progress := row(null, null, v_last, kanthorq_schema._kanthorq_now(), 0, 0, 0);
  end if;
  execute format($q$
    with scanned as materialized (
      select e.id, e.subject
      from %1$s e
      where e.id < $6 and e.created_at < $7 and ($8 is null or e.id > $8) and e.id <= $9
      order by e.id
      limit $10
    ),
    unneeded as materialized (
      select e.id
      from scanned e
      %2$s
      where coalesce(%3$s null) is null
      order by e.id
      limit $11
    ),
    free as materialized (
      select e.id
      from %1$s e
      where e.id = any (array(select u.id::text from unneeded u))
      order by e.id
      for update
      skip locked
    ),
    gone as (
      delete from %1$s e
      using free f
      where e.id = f.id
      returning e.*
    )
    %4$s
    select (select count(*) from scanned) as scanned, (select max(s.id) from scanned s) as position,
      (select count(*) from unneeded) as unneeded, count(*) as purged, min(g.id collate "C") as first_id, max(g.id collate "C") as last_id
    from gone g
    $q$,
    v_events, v_joins, v_needs, v_archived
  )
  into v_batch
  using v_names, v_cursors, v_purged_to, v_patterns, coalesce(with_missed, false), v_bound, v_before, progress.position,
    progress.last_position, batch_size, case when max_events is not null then greatest(max_events - progress.moved, 0) end;

  purged := v_batch.purged;
  bulk_id := kanthorq_schema._kanthorq_purge_log(
    'purge events'::text, stream, reason, progress.bulk_id, purged, '{}'::jsonb, v_batch.first_id, v_batch.last_id
  );
  total := progress.moved + purged;
  skipped := progress.skipped + v_batch.unneeded - purged;
  if v_batch.scanned < batch_size or total >= max_events or v_batch.position = progress.last_position then
    progress := null;
  else
    progress.bulk_id := bulk_id;
    progress.position := v_batch.position;
    progress.moved := total;
    progress.skipped := skipped;
  end if;
end
$function$;

comment on function kanthorq_schema.kanthorq_event_purge_batch(text, timestamp with time zone, boolean, text, boolean, int, bigint, text, kanthorq_schema.kanthorq_task_progress) is 'Does one batch of kanthorq_event_purge. For programs that make the loop themselves.

stream       name of the stream
before       only events that were made before this time
with_missed  true also takes events that a consumer wants, has read and has no task of
archive      a table that gets the rows, in this schema or as schema.table; null keeps none
preview      true counts the events that the whole purge would take, and deletes nothing
batch_size   how many events the batch looks at
max_events   how many events at most in all batches; null is no limit
reason       why, for the log
progress     null to begin; then what the batch before returned, until that is null, with all else unchanged

Returns one row:
progress     where the next batch goes on; null when there is nothing left to do
purged       how many events this batch deleted; it can be 0 before the end
skipped      how many all batches so far left alone because another session held them
total        how many all batches so far deleted
bulk_id      the purge in the log; null if nothing was deleted so far
kept         of a preview, how many older events have to stay, by consumer and reason

Raises KQ001 if there is no such stream, KQ002 if its table, or that of one of its consumers, is gone, KQ003 for a bad argument and for a
stream without consumers.';

-- function: kanthorq_grant
create or replace function kanthorq_schema.kanthorq_grant(role text, level text)
returns void
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
as $function$
begin
  if not exists (select from kanthorq_schema._kanthorq_levels() l where l.level = kanthorq_grant.level) then
    raise exception '% is not a level', kanthorq_schema._kanthorq_shown(level)
      using errcode = 'KQ003',
        hint = 'The levels are viewer, operator, worker and publisher. kanthorq_revoke takes the rights away.';
  end if;
  perform kanthorq_schema._kanthorq_check_role(role);
  perform kanthorq_schema._kanthorq_set_level(role::name, level);
end
$function$;

comment on function kanthorq_schema.kanthorq_grant(text, text) is 'Gives a role the rights of a level, and takes from it all others on the functions and on the log.

role   name of a role that exists, as in pg_roles; a group role serves all its members
level  viewer: the functions that look, such as find, stats, explain, errors and doctor
       operator: those, and the ones that move tasks, such as cancel, resume, discard and undo
       worker: pull, complete, fail, extend and release
       publisher: publish

A role has one level; a login that needs two is a member of two group roles. The role needs no rights on any table; it gets USAGE on the schema if it has not. Registering, converting,
purging and granting stay with the owner. Raises KQ003 if there is no such role or level, or if the role is the owner; 42501 if the
role has no USAGE on the schema and the owner of the functions can''t give it.';

-- function: kanthorq_help
create or replace function kanthorq_schema.kanthorq_help()
returns table (
  call text,
  purpose text
)
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
begin
  return query
  with listed (n, call, purpose) as (
    select u.n, split_part(u.line, ' -> ', 1), split_part(u.line, ' -> ', 2)
    from unnest(array[
      'kanthorq_doctor() -> see what is wrong, with repairs',
      'kanthorq_consumer_list() -> list the consumers',
      'kanthorq_task_stats(consumer) -> count tasks by state',
      'kanthorq_task_rates(consumer) -> see how fast it goes',
      'kanthorq_task_errors(consumer) -> group failures by cause',
      'kanthorq_task_find(consumer) -> list tasks',
      'kanthorq_task_count(consumer) -> count tasks',
      'kanthorq_task_explain(consumer, ids) -> see why a task waits',
      'kanthorq_task_history(event) -> see what happened to a task',
      'kanthorq_event_missed(consumer) -> see events that got no task',
      'kanthorq_task_preview(action, consumer) -> see what an _all call would do',
      'kanthorq_task_operations(consumer) -> read the log',
      'kanthorq_task_undo_preview(operation) -> see what an undo would do',
      'kanthorq_task_cancel(consumer, ids) -> cancel tasks',
      'kanthorq_task_resume(consumer, ids) -> resume tasks',
      'kanthorq_task_discard(consumer, ids) -> discard stuck tasks',
      'kanthorq_task_undo(operation) -> take one call back',
      'call kanthorq_task_cancel_all(consumer) -> cancel by filter',
      'call kanthorq_task_resume_all(consumer) -> resume by filter',
      'call kanthorq_task_discard_all(consumer) -> discard by filter',
      'call kanthorq_task_undo_all(bulk) -> take an _all call back',
      'kanthorq_task_batch(action, consumer) -> do one batch, in a program',
      'kanthorq_task_undo_batch(bulk) -> undo one batch, in a program',
      'kanthorq_consumer_hold(consumer) -> stop its intake',
      'kanthorq_consumer_release(consumer) -> end a hold',
      'kanthorq_grant(role, level) -> give a role its rights',
      'kanthorq_revoke(role) -> take rights away',
      'kanthorq_task_operation_purge(before) -> shorten the log',
      'call kanthorq_task_purge(consumer, time) -> delete old finished tasks',
      'kanthorq_task_purge_batch(consumer, time) -> do one batch, in a program',
      'call kanthorq_event_purge(stream, time) -> delete events nobody needs',
      'kanthorq_event_purge_batch(stream, time) -> do one batch, in a program',
      'kanthorq_stream_register(stream) -> make a stream',
      'kanthorq_stream_publish(stream, subject) -> publish an event',
      'kanthorq_stream_publish_many(stream) -> publish many events',
      'kanthorq_consumer_register(stream, name) -> make a consumer',
      'kanthorq_task_convert(consumer, ids) -> make tasks of events',
      'kanthorq_task_pull(consumer) -> get tasks to work on',
      'kanthorq_task_complete(consumer, ids) -> say that tasks are done',
      'kanthorq_task_fail(consumer, ids, errors) -> say that tasks failed',
      'kanthorq_task_extend(consumer, ids) -> keep tasks for longer',
      'kanthorq_task_release(consumer, ids) -> give tasks back',
      'kanthorq_help() -> see this list',
      chr(92) || 'df+ kanthorq_task_find -> read all about one, in psql',
      chr(92) || 'set SHOW_CONTEXT never -> hide where errors come from'
    ]) with ordinality u (line, n)
  )
  select h.call, h.purpose
  from (
    select l.n, l.call, l.purpose from listed l
    union all
    select 100, format('%s()', p.proname), left(split_part(obj_description(p.oid, 'pg_proc'), e'\n', 1), 31)
    from pg_proc p
    where p.pronamespace = (
        select c.relnamespace from pg_class c where c.oid = 'kanthorq_schema.kanthorq_consumer_registry'::regclass
      )
      and p.proname like 'kanthorq\_%'
      and not exists (select from listed l where split_part(replace(l.call, 'call ', ''), '(', 1) = p.proname)
  ) h
  order by h.n, h.call;
end
$function$;

comment on function kanthorq_schema.kanthorq_help() is 'Lists the functions, for psql. What each one takes and returns is in its comment: \df+ kanthorq_task_find

Returns a row for each:
call     how it is called, with the arguments that it needs
purpose  what for';

-- function: kanthorq_revoke
create or replace function kanthorq_schema.kanthorq_revoke(role text)
returns void
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
as $function$
begin
  perform kanthorq_schema._kanthorq_check_role(role);
  perform kanthorq_schema._kanthorq_set_level(role::name, null::text);
end
$function$;

comment on function kanthorq_schema.kanthorq_revoke(text) is 'Removes a role''s rights on the functions and on the log, and its USAGE on the schema unless it has other rights there.

role  name of a role that exists, as in pg_roles

A role that has none is left as it is, and what it has by way of another role or as a superuser stays. Raises KQ003 if there is
no such role, or if the role is the owner.';

-- function: kanthorq_stream_publish
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
  execute format('insert into %s (id, subject, body, metadata, created_at) values ($1, $2, $3, $4, $5)', v_stream.event_table)
  using v_id, subject, body, metadata, kanthorq_schema._kanthorq_id_time(v_id);
  return v_id;
end
$function$;

comment on function kanthorq_schema.kanthorq_stream_publish(text, text, bytea, jsonb) is 'Publishes one event to a stream.

stream    name of the stream
subject   letters and digits with single dots, hyphens or underscores between them, at most 256 characters
body      the payload; may be empty
metadata  a JSON object; a task made from the event carries it too

Returns the id of the event. Raises KQ001 if there is no such stream, KQ002 if its table is gone, KQ003 for a bad argument.';

-- function: kanthorq_stream_publish_many
create or replace function
kanthorq_schema.kanthorq_stream_publish_many(
  stream text,
  subjects text[],
  bodies bytea[],
  metadatas jsonb[] default null
)
returns text[]
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_stream record;
  v_ids text[];
begin
  if subjects is null or bodies is null or cardinality(bodies) <> cardinality(subjects)
    or cardinality(metadatas) <> cardinality(subjects) then
    raise exception 'there are % bodies and % metadatas for % subjects', coalesce(cardinality(bodies)::text, 'null'),
        coalesce(cardinality(metadatas)::text, 'null'), coalesce(cardinality(subjects)::text, 'null')
      using errcode = 'KQ003', hint = 'Pass a subject and a body for each event, and as many metadatas or null.';
  end if;
  if array_position(bodies, null) is not null then
    raise exception 'bodies[%] is null', array_position(bodies, null)
      using errcode = 'KQ003', hint = 'Pass the event''s bytes; an empty body is allowed.';
  end if;
  if exists (select from unnest(metadatas) m where jsonb_typeof(m) is distinct from 'object') then
    raise exception 'metadatas has a part that is no object'
      using errcode = 'KQ003', hint = 'Pass JSON objects, or null instead of all of them.';
  end if;
  perform kanthorq_schema._kanthorq_check_subject(s.subject) from (select distinct u as subject from unnest(subjects) u) s;
  v_stream := kanthorq_schema._kanthorq_stream(stream);

  v_ids := array(select kanthorq_schema._kanthorq_id('event') from generate_series(1, cardinality(subjects)));
  execute format($q$
    insert into %s (id, subject, body, metadata, created_at)
    select e.id, e.subject, e.body, coalesce(e.metadata, '{}'), kanthorq_schema._kanthorq_id_time(e.id)
    from unnest($1, $2, $3, $4) e (id, subject, body, metadata)
    $q$,
    v_stream.event_table
  )
  using v_ids, subjects, bodies, metadatas;
  return v_ids;
end
$function$;

comment on function kanthorq_schema.kanthorq_stream_publish_many(text, text[], bytea[], jsonb[]) is 'Publishes many events to a stream.

stream     name of the stream
subjects   of each event the subject, as kanthorq_stream_publish takes it
bodies     of each event the payload; may be empty
metadatas  of each event a JSON object; null instead of all of them is {}

Returns the ids of the events, in the order of subjects. Raises KQ001 if there is no such stream, KQ002 if its table is gone, KQ003 for
a bad argument; then nothing is published.';

-- function: kanthorq_stream_register
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
  v_found regclass;
begin
  perform kanthorq_schema._kanthorq_check_name('stream', kanthorq_stream_register.name);

  perform kanthorq_schema._kanthorq_check_schema();

  insert into kanthorq_schema.kanthorq_stream_registry as r (id, name)
  values (kanthorq_schema._kanthorq_id('stream'), kanthorq_stream_register.name)
  on conflict (name) do update set updated_at = extract(epoch from current_timestamp) * 1000
  returning r.* into v_registry;

  v_found := kanthorq_schema._kanthorq_find_table(v_registry.id::text);
  if kanthorq_schema._kanthorq_table_fault(v_found, 'stream') is not null then
    perform kanthorq_schema._kanthorq_refuse_table(v_registry.id::text, 'stream', v_registry.name::text);
  elsif v_found is null then
    execute format($q$
      create table kanthorq_schema.%I (
        id varchar(64) not null primary key,
        subject varchar(256) not null,
        body bytea not null,
        metadata jsonb not null default '{}',
        created_at bigint not null default (extract(epoch from current_timestamp) * 1000)
      )
      $q$,
      'kanthorq_' || v_registry.id
    );
  end if;
  return v_registry;
end
$function$;

comment on function kanthorq_schema.kanthorq_stream_register(text) is 'Registers a stream and makes the table for its events; registering a name again returns the existing stream.

name  letters, digits and single underscores between them, at most 256 characters

Returns the row of kanthorq_stream_registry. Raises KQ003 for a name that KanthorQ would not accept.';

-- function: kanthorq_task_batch
create or replace function
kanthorq_schema.kanthorq_task_batch(
  action text,
  consumer text,
  states text[] default null,
  subject text default null,
  metadata jsonb default null,
  error text default null,
  fingerprint text default null,
  created_after timestamp with time zone default null,
  created_before timestamp with time zone default null,
  finalized_after timestamp with time zone default null,
  finalized_before timestamp with time zone default null,
  everything boolean default false,
  batch_size int default 1000,
  max_tasks bigint default null,
  reason text default null,
  schedule_at timestamp with time zone default null,
  reset_attempts boolean default false,
  spread interval default null,
  running boolean default false,
  inout progress kanthorq_schema.kanthorq_task_progress default null,
  out updated bigint,
  out skipped bigint,
  out total bigint,
  out bulk_id bigint
)
returns record
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
set enable_partition_pruning = off
as $function$
declare
  v_consumer record;
  v_filter kanthorq_schema._kanthorq_task_filter;
  v_now bigint := kanthorq_schema._kanthorq_now();
  v_due bigint;
  v_found bigint;
  v_limit bigint;
  v_scanned bigint;
  v_last text;
  v_free text[];
  v_moved record;
begin
  perform kanthorq_schema._kanthorq_check_action(action);
  v_consumer := kanthorq_schema._kanthorq_consumer(consumer);
  v_filter := kanthorq_schema._kanthorq_check_filter(
    states, subject, metadata, error, fingerprint, created_after, created_before, finalized_after, finalized_before
  );
  if v_filter is null and everything is not true then
    raise exception 'the filter is empty, so it would % all tasks of %', action, kanthorq_schema._kanthorq_shown(consumer)
      using errcode = 'KQ003', hint = 'Name states, a subject or another part of the filter; pass everything => true to mean all tasks.';
  end if;
  if batch_size is null or batch_size < 1 or max_tasks < 1 then
    raise exception 'batch_size is %, max_tasks is %', coalesce(batch_size::text, 'null'), coalesce(max_tasks::text, 'null')
      using errcode = 'KQ003', hint = 'Both have to be at least 1; a max_tasks of null is no limit.';
  end if;
  if action <> 'resume' and (schedule_at is not null or spread is not null or reset_attempts) then
    raise exception '% takes no schedule_at, spread or reset_attempts', action
      using errcode = 'KQ003', hint = 'Only resume does.';
  end if;
  v_due := kanthorq_schema._kanthorq_due('schedule_at', schedule_at);
  if not isfinite(spread) or spread < interval '0' or spread > interval '100 years' then
    raise exception 'spread is %', spread
      using errcode = 'KQ003', hint = 'Pass an interval of at most a hundred years, or null for all at once.';
  end if;
  perform kanthorq_schema._kanthorq_check_takes(action, states, running);

  if progress is null then
    execute format($q$
      select
        (select max(t.event_id) from %1$s t),
        (
          select count(*)
          from %1$s t
          where %2$s
            and kanthorq_schema._kanthorq_task_matches(
              $3, t.state, t.subject::text, t.metadata, t.attempted_error, t.created_at, t.finalized_at
            )
        )
      $q$,
      v_consumer.tasks,
      kanthorq_schema._kanthorq_task_takes_sql(action, false, running)
    )
    into v_last, v_found
    using v_now, v_consumer.attempt_max, v_filter;
    progress := row(null, null, v_last, v_now, 0, 0, v_found);
  else
    perform kanthorq_schema._kanthorq_check_progress(progress, false);
  end if;

  v_limit := greatest(least(batch_size, max_tasks - progress.moved), 0);
  execute format($q$
    with scanned as materialized (
      select t.event_id
      from %1$s t
      where %2$s
        and kanthorq_schema._kanthorq_task_matches(
          $3, t.state, t.subject::text, t.metadata, t.attempted_error, t.created_at, t.finalized_at
        )
        and ($4 is null or t.event_id > $4)
        and t.event_id <= $5
      order by t.event_id
      limit $6
    ),
    free as materialized (
      select t.event_id
      from %1$s t
      where t.event_id = any (array(select s.event_id::text from scanned s))
      order by t.event_id
      for no key update
      skip locked
    )
    select (select count(*) from scanned), (select max(s.event_id) from scanned s),
      (select array_agg(f.event_id::text order by f.event_id) from free f)
    $q$,
    v_consumer.tasks,
    kanthorq_schema._kanthorq_task_takes_sql(action, false, running)
  )
  into v_scanned, v_last, v_free
  using v_now, v_consumer.attempt_max, v_filter, progress.position, progress.last_position, v_limit;

  updated := 0;
  bulk_id := kanthorq_schema._kanthorq_bulk(progress.bulk_id, consumer, action);
  if v_free is not null then
    v_moved := kanthorq_schema._kanthorq_task_transition(
      action, consumer, v_free, reason, running, coalesce(v_due, progress.started), reset_attempts,
      coalesce(extract(epoch from spread) * 1000 / greatest(least(progress.found, max_tasks), 1), 0)::double precision,
      progress.moved, bulk_id
    );
    updated := cardinality(v_moved.updated);
    bulk_id := coalesce(bulk_id, v_moved.operation_id);
  end if;
  total := progress.moved + updated;
  skipped := progress.skipped + v_scanned - updated;

  progress.bulk_id := bulk_id;
  progress.position := v_last;
  progress.moved := total;
  progress.skipped := skipped;
  if v_scanned < v_limit or total >= max_tasks or v_last = progress.last_position then
    skipped := greatest(skipped, least(progress.found, max_tasks) - total);
    progress := null;
  end if;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_batch(text, text, text[], text, jsonb, text, text, timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone, boolean, int, bigint, text, timestamp with time zone, boolean, interval, boolean, kanthorq_schema.kanthorq_task_progress) is 'Does one batch of kanthorq_task_cancel_all, kanthorq_task_resume_all or kanthorq_task_discard_all. For programs that make the loop
themselves.

action            cancel, resume or discard
consumer          name of the consumer
states            only tasks in one of these states
subject           only tasks whose subject this filter matches: * is one token, > at the end is one or more
metadata          only tasks whose metadata contains this: {"customer": "42"}
error             only tasks whose last error contains this text, upper and lower case alike
fingerprint       only tasks whose last error has this fingerprint: see kanthorq_task_errors
created_after     only tasks made at this time or later
created_before    only tasks made before this time
finalized_after   only tasks completed, cancelled or discarded at this time or later
finalized_before  only tasks completed, cancelled or discarded before this time
everything        has to be true if there is no filter
batch_size        how many tasks the batch looks at
max_tasks         how many tasks at most in all batches; null is no limit
reason            why, for the log
schedule_at       when the resumed tasks are due; null is now
reset_attempts    true sets attempt_count to 0; otherwise one more failure discards the task again
spread            the time over which the tasks are spread evenly, from schedule_at on
running           true lets cancel take running tasks too. A handler may be working on one: what it reports then does nothing
progress          null to begin; then what the batch before returned, until that is null, with all else unchanged

Returns one row:
progress          where the next batch goes on; null when there is nothing left to do
updated           how many tasks this batch moved; it can be 0 before the end
skipped           how many all batches so far left alone because another session held or moved them meanwhile; in the last batch, at
                  least as many as matched at the start and were not moved, if max_tasks allows them
total             how many all batches so far moved
bulk_id           what kanthorq_task_undo_all takes; null if nothing was moved so far

Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a bad argument or no filter, KQ004 if the bulk has been
undone meanwhile.';

-- function: kanthorq_task_cancel
create or replace function
kanthorq_schema.kanthorq_task_cancel(
  consumer text,
  event_ids text[],
  reason text default null,
  running boolean default false,
  out updated text[],
  out noop text[]
)
returns record
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
set enable_partition_pruning = off
as $function$
begin
  perform kanthorq_schema._kanthorq_check_event_ids(event_ids);
  select t.updated, t.noop into updated, noop
  from kanthorq_schema._kanthorq_task_transition(
    'cancel', consumer, event_ids, reason, running, null::bigint, false, 0::double precision, 0::bigint, null::bigint
  ) t;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_cancel(text, text[], text, boolean) is 'Cancels tasks that are pending, available or retryable; running ones too if asked for.

consumer        name of the consumer
event_ids       ids of the tasks'' events; any number, duplicates count once
reason          why, for the log
running         true cancels running tasks too. A handler may be working on one: what it reports then does nothing

Returns one row of two arrays that hold each distinct id once, in the order of event_ids:
updated         tasks that this call cancelled
noop            ids of tasks that are in another state or do not exist

Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a bad argument; then nothing has changed.';

-- function: kanthorq_task_cancel_all
create or replace procedure
kanthorq_schema.kanthorq_task_cancel_all(
  consumer text,
  states text[] default null,
  subject text default null,
  metadata jsonb default null,
  error text default null,
  fingerprint text default null,
  created_after timestamp with time zone default null,
  created_before timestamp with time zone default null,
  finalized_after timestamp with time zone default null,
  finalized_before timestamp with time zone default null,
  everything boolean default false,
  batch_size int default 1000,
  max_tasks bigint default null,
  pause interval default null,
  reason text default null,
  running boolean default false,
  inout updated bigint default null,
  inout skipped bigint default null,
  inout bulk_id bigint default null
)
language plpgsql
as $procedure$
begin
  call kanthorq_schema._kanthorq_task_all(
    'cancel', consumer, states, subject, metadata, error, fingerprint, created_after, created_before, finalized_after,
    finalized_before, everything, batch_size, max_tasks, pause, reason, null::pg_catalog.timestamptz, false,
    null::pg_catalog.interval, running, null::pg_catalog.int8, updated, skipped, bulk_id
  );
end
$procedure$;

comment on procedure kanthorq_schema.kanthorq_task_cancel_all(text, text[], text, jsonb, text, text, timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone, boolean, int, bigint, interval, text, boolean, bigint, bigint, bigint) is 'Cancels all tasks that a filter matches and that are pending, available or retryable, or running if asked for, batch by batch.

consumer          name of the consumer
states            only tasks in one of these states
subject           only tasks whose subject this filter matches: * is one token, > at the end is one or more
metadata          only tasks whose metadata contains this: {"customer": "42"}
error             only tasks whose last error contains this text, upper and lower case alike
fingerprint       only tasks whose last error has this fingerprint: see kanthorq_task_errors
created_after     only tasks made at this time or later
created_before    only tasks made before this time
finalized_after   only tasks completed, cancelled or discarded at this time or later
finalized_before  only tasks completed, cancelled or discarded before this time
everything        has to be true if there is no filter
batch_size        how many tasks one batch looks at
max_tasks         how many tasks at most; null is no limit
pause             the time between two batches; null is twice as long as the batch took, so that workers keep most of the server
reason            why, for the log
running           true cancels running tasks too. A handler may be working on one: what it reports then does nothing

Returns one row:
updated           how many tasks it moved
skipped           how many it left alone because another session held or moved them meanwhile: at least as many as matched when it
                  began and were not moved, if max_tasks allows them
bulk_id           what kanthorq_task_undo_all takes; null if nothing was moved

It commits, so it can''t be called in a transaction. Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for
a bad argument or no filter, KQ004 if the bulk is undone meanwhile. Batches that were committed before an error stay; the error''s
detail says how many.';

-- function: kanthorq_task_complete
create or replace function
kanthorq_schema.kanthorq_task_complete(
  consumer text,
  event_ids text[],
  attempts int[] default null,
  out updated text[],
  out noop text[]
)
returns record
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
set enable_partition_pruning = off
as $function$
begin
  select r.updated, r.noop into updated, noop
  from kanthorq_schema._kanthorq_task_report('complete', consumer, event_ids, attempts, null::text[], null::text[], null::bigint, null::interval) r;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_complete(text, text[], int[]) is 'Completes running tasks.

consumer        name of the consumer
event_ids       ids of the tasks'' events; any number, duplicates count once
attempts        the attempt of each, as kanthorq_task_pull returned it; null reports on whatever attempt is running

Returns one row of two arrays that hold each distinct id once, in the order of event_ids:
updated         tasks that are completed now
noop            ids of tasks that are not running, are in another attempt or do not exist

Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a bad argument; then nothing has changed.';

-- function: kanthorq_task_convert
create or replace function
kanthorq_schema.kanthorq_task_convert(
  consumer text,
  event_ids text[],
  initial_state text default 'running'
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
  v_events regclass;
begin
  if v_state is null then
    perform kanthorq_schema._kanthorq_refuse_state(initial_state);
  end if;
  perform kanthorq_schema._kanthorq_check_event_ids(event_ids);
  v_consumer := kanthorq_schema._kanthorq_consumer(consumer);
  v_events := kanthorq_schema._kanthorq_find_table(v_consumer.stream_id);
  if v_events is null or kanthorq_schema._kanthorq_table_fault(v_events, 'stream') is not null then
    perform kanthorq_schema._kanthorq_refuse_table(v_consumer.stream_id, 'stream', v_consumer.stream_name);
  end if;

  return query execute format($q$
    with made as (
      insert into %s as t (event_id, subject, state, schedule_at, metadata)
      select e.id, e.subject, $4, $1 + $5, e.metadata
      from %s e
      where e.id = any ($3)
      order by e.id
      on conflict (event_id) do nothing
      returning t.*
    )
    select %s
    from made t
    join (select id, min(n) as n from unnest($3) with ordinality i (id, n) group by id) i on i.id = t.event_id
    order by i.n
    $q$,
    kanthorq_schema._kanthorq_find_table(v_consumer.id),
    kanthorq_schema._kanthorq_only_sql(v_events),
    kanthorq_schema._kanthorq_task_columns_sql()
  )
  using kanthorq_schema._kanthorq_now(), v_consumer.attempt_max, event_ids, v_state,
    v_consumer.visibility_timeout;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_convert(text, text[], text) is 'Makes tasks of a consumer out of events of its stream.

consumer       name of the consumer
event_ids      ids of the events; any number, duplicates count once
initial_state  state of the new tasks; running is the one that KanthorQ works, after the consumer''s visibility timeout

Returns the tasks that are new, as rows of type kanthorq_task in the order of event_ids. Events that are unknown or that the
consumer has a task for are passed over. Raises KQ001 if there is no such consumer, KQ002 if a table is gone, KQ003 for a bad
argument.';

-- function: kanthorq_task_count
create or replace function
kanthorq_schema.kanthorq_task_count(
  consumer text,
  states text[] default null,
  subject text default null,
  metadata jsonb default null,
  error text default null,
  fingerprint text default null,
  created_after timestamp with time zone default null,
  created_before timestamp with time zone default null,
  finalized_after timestamp with time zone default null,
  finalized_before timestamp with time zone default null
)
returns bigint
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_consumer record := kanthorq_schema._kanthorq_consumer(consumer);
  v_count bigint;
begin
  execute format($q$
    select count(*)
    from %s t
    where kanthorq_schema._kanthorq_task_matches(
      $1, t.state, t.subject::text, t.metadata, t.attempted_error, t.created_at, t.finalized_at
    )
    $q$,
    v_consumer.tasks
  )
  into v_count
  using kanthorq_schema._kanthorq_check_filter(
    states, subject, metadata, error, fingerprint, created_after, created_before, finalized_after, finalized_before
  );
  return v_count;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_count(text, text[], text, jsonb, text, text, timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone) is 'Counts the tasks of a consumer that a filter matches.

consumer          name of the consumer
states            only tasks in one of these states: pending, available, running, completed, retryable, discarded, cancelled
subject           only tasks whose subject this filter matches: * is one token, > at the end is one or more
metadata          only tasks whose metadata contains this: {"customer": "42"}
error             only tasks whose last error contains this text, upper and lower case alike
fingerprint       only tasks whose last error has this fingerprint: see kanthorq_task_errors
created_after     only tasks made at this time or later
created_before    only tasks made before this time
finalized_after   only tasks completed, cancelled or discarded at this time or later
finalized_before  only tasks completed, cancelled or discarded before this time

Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a bad filter.';

-- function: kanthorq_task_discard
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
set enable_partition_pruning = off
as $function$
begin
  perform kanthorq_schema._kanthorq_check_event_ids(event_ids);
  select t.updated, t.noop into updated, noop
  from kanthorq_schema._kanthorq_task_transition(
    'discard', consumer, event_ids, reason, false, null::bigint, false, 0::double precision, 0::bigint, null::bigint
  ) t;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_discard(text, text[], text) is 'Discards tasks that are stuck: running, overdue, and with more attempts behind them than attempt_max allows, so that no worker
takes them again. A handler that outlives its visibility timeout may still be at work on such a task; its acknowledgement then does
nothing.

consumer        name of the consumer
event_ids       ids of the tasks'' events; any number, duplicates count once
reason          why, for the log

Returns one row of two arrays that hold each distinct id once, in the order of event_ids:
updated         tasks that this call discarded; they can be resumed
noop            ids of tasks that are not stuck or do not exist

Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a bad argument; then nothing has changed.';

-- function: kanthorq_task_discard_all
create or replace procedure
kanthorq_schema.kanthorq_task_discard_all(
  consumer text,
  states text[] default null,
  subject text default null,
  metadata jsonb default null,
  error text default null,
  fingerprint text default null,
  created_after timestamp with time zone default null,
  created_before timestamp with time zone default null,
  finalized_after timestamp with time zone default null,
  finalized_before timestamp with time zone default null,
  everything boolean default false,
  batch_size int default 1000,
  max_tasks bigint default null,
  pause interval default null,
  reason text default null,
  inout updated bigint default null,
  inout skipped bigint default null,
  inout bulk_id bigint default null
)
language plpgsql
as $procedure$
begin
  call kanthorq_schema._kanthorq_task_all(
    'discard', consumer, states, subject, metadata, error, fingerprint, created_after, created_before, finalized_after,
    finalized_before, everything, batch_size, max_tasks, pause, reason, null::pg_catalog.timestamptz, false,
    null::pg_catalog.interval, false, null::pg_catalog.int8, updated, skipped, bulk_id
  );
end
$procedure$;

comment on procedure kanthorq_schema.kanthorq_task_discard_all(text, text[], text, jsonb, text, text, timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone, boolean, int, bigint, interval, text, bigint, bigint, bigint) is 'Discards all tasks that a filter matches and that are stuck: running, overdue, and with their attempts spent; batch by batch. A handler
that outlives its visibility timeout may still be at work on such a task; its acknowledgement then does nothing.

consumer          name of the consumer
states            only tasks in one of these states
subject           only tasks whose subject this filter matches: * is one token, > at the end is one or more
metadata          only tasks whose metadata contains this: {"customer": "42"}
error             only tasks whose last error contains this text, upper and lower case alike
fingerprint       only tasks whose last error has this fingerprint: see kanthorq_task_errors
created_after     only tasks made at this time or later
created_before    only tasks made before this time
finalized_after   only tasks completed, cancelled or discarded at this time or later
finalized_before  only tasks completed, cancelled or discarded before this time
everything        has to be true if there is no filter
batch_size        how many tasks one batch looks at
max_tasks         how many tasks at most; null is no limit
pause             the time between two batches; null is twice as long as the batch took, so that workers keep most of the server
reason            why, for the log

Returns one row:
updated           how many tasks it moved
skipped           how many it left alone because another session held or moved them meanwhile: at least as many as matched when it
                  began and were not moved, if max_tasks allows them
bulk_id           what kanthorq_task_undo_all takes; null if nothing was moved

It commits, so it can''t be called in a transaction. Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for
a bad argument or no filter, KQ004 if the bulk is undone meanwhile. Batches that were committed before an error stay; the error''s
detail says how many.';

-- function: kanthorq_task_errors
create or replace function
kanthorq_schema.kanthorq_task_errors(
  consumer text default null,
  states text[] default null,
  subject text default null,
  metadata jsonb default null,
  error text default null,
  fingerprint text default null,
  created_after timestamp with time zone default null,
  created_before timestamp with time zone default null,
  finalized_after timestamp with time zone default null,
  finalized_before timestamp with time zone default null,
  since timestamp with time zone default null,
  until timestamp with time zone default null,
  max_tasks bigint default null
)
returns setof kanthorq_schema.kanthorq_error
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_filter kanthorq_schema._kanthorq_task_filter;
  v_since bigint := kanthorq_schema._kanthorq_time_limit('since', since);
  v_until bigint := kanthorq_schema._kanthorq_time_limit('until', until);
  v_name text;
  v_consumer record;
begin
  if consumer is not null then
    perform kanthorq_schema._kanthorq_consumer(consumer);
  end if;
  v_filter := kanthorq_schema._kanthorq_check_filter(
    states, subject, metadata, error, fingerprint, created_after, created_before, finalized_after, finalized_before
  );
  if max_tasks < 1 then
    raise exception 'max_tasks is %', max_tasks using errcode = 'KQ003', hint = 'Pass at least 1, or null for no limit.';
  end if;
  for v_name in select c from kanthorq_schema._kanthorq_consumers(kanthorq_task_errors.consumer) c loop
    v_consumer := kanthorq_schema._kanthorq_consumer(v_name);
    return query execute format($q$
      with failed as materialized (
        select t.event_id::text collate "C" as event_id, t.subject, t.state, left(f.error, 1000) as error, f.at, %2$s as place
        from (
          select t.event_id, t.subject::text as subject, t.state, t.finalized_at, t.attempted_at,
            (select a.errors[array_upper(a.errors, 1)] from (select t.attempted_error || '{}' as errors offset 0) a) as failure
          from %1$s t
          where kanthorq_schema._kanthorq_task_matches(
            $2, t.state, t.subject::text, t.metadata, t.attempted_error, t.created_at, t.finalized_at
          )
          %3$s
          offset 0
        ) t
        cross join lateral (
          select t.failure ->> 'error' as error, coalesce(
            kanthorq_schema._kanthorq_error_time(t.failure), nullif(t.finalized_at, 0), nullif(t.attempted_at, 0)
          ) as at
        ) f
        where f.error is not null
          and ($3 is null or f.at >= $3)
          and ($4 is null or f.at < $4)
        limit $5 + 1
      ),
      counted as materialized (
        select f.error, f.state, f.subject, count(*) as tasks, min(f.at) as first, max(f.at) as last,
          min(f.event_id) as oldest, max(f.event_id) as newest
        from failed f
        where $5 is null or f.place <= $5
        group by f.error, f.state, f.subject
      ),
      cause as materialized (
        select c.error, kanthorq_schema._kanthorq_fingerprint(c.error) as fingerprint
        from (select distinct c.error from counted c) c
      ),
      failure as materialized (
        select k.fingerprint, c.* from counted c join cause k on k.error = c.error
      ),
      state as (
        select s.fingerprint, jsonb_object_agg(kanthorq_schema._kanthorq_task_state_name(s.state), s.tasks) as by_state
        from (select f.fingerprint, f.state, sum(f.tasks) as tasks from failure f group by f.fingerprint, f.state) s
        group by s.fingerprint
      ),
      subject as (
        select s.fingerprint, count(*) as subjects,
          jsonb_agg(jsonb_build_object('subject', s.subject, 'tasks', s.tasks) order by s.n) filter (where s.n <= 10) as by_subject
        from (
          select f.fingerprint, f.subject, sum(f.tasks) as tasks,
            row_number() over (partition by f.fingerprint order by sum(f.tasks) desc, f.subject) as n
          from failure f
          group by f.fingerprint, f.subject
        ) s
        group by s.fingerprint
      ),
      sample as (
        select s.fingerprint, array_agg(s.event_id order by s.n) as event_ids
        from (
          select d.*, row_number() over (partition by d.fingerprint order by d.event_id desc) as n
          from (select f.fingerprint, f.newest as event_id from failure f union select f.fingerprint, f.oldest from failure f) d
        ) s
        where s.n <= 5
        group by s.fingerprint
      )
      select $1, g.fingerprint, g.tasks, kanthorq_schema._kanthorq_as_time(g.first), kanthorq_schema._kanthorq_as_time(g.last),
        s.by_state, u.by_subject, u.subjects, g.sample_error, i.event_ids,
        coalesce((select count(*) from failed) > $5, false)
      from (
        select f.fingerprint, sum(f.tasks)::bigint as tasks, min(f.first) as first, max(f.last) as last,
          (array_agg(f.error order by f.newest desc))[1] as sample_error
        from failure f
        group by f.fingerprint
      ) g
      join state s on s.fingerprint = g.fingerprint
      join subject u on u.fingerprint = g.fingerprint
      join sample i on i.fingerprint = g.fingerprint
      order by g.tasks desc, g.fingerprint collate "C"
      $q$,
      v_consumer.tasks,
      case when max_tasks is null then '0' else 'row_number() over (order by t.event_id desc)' end,
      case when max_tasks is not null then 'order by t.event_id desc' end
    )
    using v_name, v_filter, v_since, v_until, max_tasks;
  end loop;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_errors(text, text[], text, jsonb, text, text, timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone, bigint) is 'Groups the tasks that failed by the cause: by the fingerprint of their last error, most tasks first.

A fingerprint is the first line of an error, at most 200 characters, in which * stands for each value: numbers, ids, hex, URLs and other
addresses, and what is quoted or in brackets. Equal errors about other tasks have one fingerprint, which the filters take.

consumer          name of a consumer, or null for all
states            only tasks in one of these states: pending, available, running, completed, retryable, discarded, cancelled
subject           only tasks whose subject this filter matches: * is one token, > at the end is one or more
metadata          only tasks whose metadata contains this: {"customer": "42"}
error             only tasks whose last error contains this text, upper and lower case alike
fingerprint       only tasks whose last error has this fingerprint
created_after     only tasks made at this time or later
created_before    only tasks made before this time
finalized_after   only tasks completed, cancelled or discarded at this time or later
finalized_before  only tasks completed, cancelled or discarded before this time
since             only tasks whose last attempt failed at this time or later, whether or not they are retried
until             only tasks whose last attempt failed before this time
max_tasks         only the newest events, so many of each consumer; null is no limit

Returns rows of type kanthorq_error for each consumer, in the order of their names. Tasks that have been completed since are among them:
by_state tells. A row has as many tasks as kanthorq_task_count counts with the same filter and its fingerprint.

With null, a consumer whose table is gone or has a fault is left out with a warning. Raises KQ001 if there is no such consumer, KQ002 if
its table is gone, KQ003 for a bad argument.';

-- function: kanthorq_task_explain
create or replace function
kanthorq_schema.kanthorq_task_explain(
  consumer text,
  event_ids text[],
  running boolean default false
)
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
begin
  perform kanthorq_schema._kanthorq_check_event_ids(event_ids);
  v_consumer := kanthorq_schema._kanthorq_consumer(consumer);

  return query execute format($q$
    select i.event_id, kanthorq_schema._kanthorq_task_state_name(t.state),
      coalesce(%2$s, false),
      coalesce(%3$s, false),
      coalesce(%4$s, false),
      kanthorq_schema._kanthorq_task_why(
        kanthorq_schema._kanthorq_task_state_name(t.state), kanthorq_schema._kanthorq_as_time(t.schedule_at),
        kanthorq_schema._kanthorq_as_time(nullif(t.finalized_at, 0)), t.attempt_count, $2,
        t.attempted_error[array_upper(t.attempted_error, 1)] ->> 'error', kanthorq_schema._kanthorq_as_time($1)
      ) || case
        when t.event_id is null then coalesce('; the consumer is ' || $4, '')
        when t.attempt_count <= $2 and t.state in (
          kanthorq_schema._kanthorq_task_state('running'), kanthorq_schema._kanthorq_task_state('retryable')
        )
        then coalesce('; but no worker takes it while the consumer is ' || $5, '')
        else ''
      end,
      case
        when $5 is null and t.attempt_count <= $2 and t.state in (
          kanthorq_schema._kanthorq_task_state('running'), kanthorq_schema._kanthorq_task_state('retryable')
        )
        then kanthorq_schema._kanthorq_as_time(greatest(t.schedule_at, $1))
      end
    from (select u.event_id, min(u.n) as n from unnest($3) with ordinality u (event_id, n) group by u.event_id) i
    left join %1$s t on t.event_id = i.event_id
    order by i.n
    $q$,
    v_consumer.tasks,
    kanthorq_schema._kanthorq_task_takes_sql('cancel', false, running),
    kanthorq_schema._kanthorq_task_takes_sql('resume', false, false),
    kanthorq_schema._kanthorq_task_takes_sql('discard', false, false)
  )
  using kanthorq_schema._kanthorq_now(), v_consumer.attempt_max, event_ids,
    kanthorq_schema._kanthorq_held(consumer, false), kanthorq_schema._kanthorq_held(consumer, true);
end
$function$;

comment on function kanthorq_schema.kanthorq_task_explain(text, text[], boolean) is 'Says what cancel, resume and discard would do to each task, and why, without doing it.

consumer     name of the consumer
event_ids    ids of the tasks'' events; any number, duplicates count once
running      true says whether cancel with running => true would take a task

Returns a row for each distinct id, in the order of event_ids:
event_id     the id
state        null if there is no such task; a number if KanthorQ has no such state
can_cancel   whether kanthorq_task_cancel would update it now
can_resume   whether kanthorq_task_resume would
can_discard  whether kanthorq_task_discard would
why          a sentence about where it stands and what can be done
next_run_at  when a worker may take it, at the earliest; null if none ever will unless a person acts, also while the
             consumer is held

Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a bad argument.';

-- function: kanthorq_task_extend
create or replace function
kanthorq_schema.kanthorq_task_extend(
  consumer text,
  event_ids text[],
  attempts int[] default null,
  extend_by interval default null,
  out updated text[],
  out noop text[]
)
returns record
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
set enable_partition_pruning = off
as $function$
begin
  select r.updated, r.noop into updated, noop
  from kanthorq_schema._kanthorq_task_report('extend', consumer, event_ids, attempts, null::text[], null::text[], null::bigint, extend_by) r;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_extend(text, text[], int[], interval) is 'Extends the leases of running tasks: the heartbeat of a worker.

consumer        name of the consumer
event_ids       ids of the tasks'' events; any number, duplicates count once
attempts        the attempt of each, as kanthorq_task_pull returned it; null reports on whatever attempt is running
extend_by       how long the leases are from now on, at least; null is the consumer''s visibility timeout

Returns one row of two arrays that hold each distinct id once, in the order of event_ids:
updated         tasks that the worker still holds
noop            ids of tasks that it has lost: cancelled, discarded, completed, pulled by another worker, or gone

Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a bad argument; then nothing has changed.';

-- function: kanthorq_task_fail
create or replace function
kanthorq_schema.kanthorq_task_fail(
  consumer text,
  event_ids text[],
  errors text[],
  attempts int[] default null,
  retry_at timestamp with time zone default null,
  stacks text[] default null,
  out updated text[],
  out noop text[]
)
returns record
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
set enable_partition_pruning = off
as $function$
begin
  select r.updated, r.noop into updated, noop
  from kanthorq_schema._kanthorq_task_report(
    'fail', consumer, event_ids, attempts, errors, stacks, kanthorq_schema._kanthorq_due('retry_at', retry_at), null::interval
  ) r;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_fail(text, text[], text[], int[], timestamp with time zone, text[]) is 'Fails running tasks: each is tried again, or discarded when its attempts are spent.

consumer        name of the consumer
event_ids       ids of the tasks'' events; any number, duplicates count once
errors          why each failed; as many as event_ids
attempts        the attempt of each, as kanthorq_task_pull returned it; null reports on whatever attempt is running
retry_at        when all of them are due again; null leaves the time that the pull chose
stacks          where each failed; null repeats the error, because KanthorQ wants some text

Returns one row of two arrays that hold each distinct id once, in the order of event_ids:
updated         tasks that are retryable or discarded now
noop            ids of tasks that are not running, are in another attempt or do not exist

Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a bad argument; then nothing has changed.';

-- function: kanthorq_task_find
create or replace function
kanthorq_schema.kanthorq_task_find(
  consumer text,
  states text[] default null,
  subject text default null,
  metadata jsonb default null,
  error text default null,
  fingerprint text default null,
  created_after timestamp with time zone default null,
  created_before timestamp with time zone default null,
  finalized_after timestamp with time zone default null,
  finalized_before timestamp with time zone default null,
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
begin
  if max_tasks is null or max_tasks < 1 then
    raise exception 'max_tasks is %', coalesce(max_tasks::text, 'null')
      using errcode = 'KQ003', hint = 'Pass how many tasks a page may have, at least 1.';
  end if;
  return query execute format($q$
    select %1$s
    from %2$s t
    where kanthorq_schema._kanthorq_task_matches(
      $3, t.state, t.subject::text, t.metadata, t.attempted_error, t.created_at, t.finalized_at
    )
      and ($4 is null or t.event_id %3$s $4)
    order by t.event_id %4$s
    limit $5
    $q$,
    kanthorq_schema._kanthorq_task_columns_sql(),
    v_consumer.tasks,
    case when oldest_first then '>' else '<' end,
    case when oldest_first then 'asc' else 'desc' end
  )
  using kanthorq_schema._kanthorq_now(), v_consumer.attempt_max,
    kanthorq_schema._kanthorq_check_filter(
      states, subject, metadata, error, fingerprint, created_after, created_before, finalized_after, finalized_before
    ), after, max_tasks;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_find(text, text[], text, jsonb, text, text, timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone, text, int, boolean) is 'Finds the tasks of a consumer, newest event first, a page at a time.

consumer          name of the consumer
states            only tasks in one of these states: pending, available, running, completed, retryable, discarded, cancelled
subject           only tasks whose subject this filter matches: * is one token, > at the end is one or more
metadata          only tasks whose metadata contains this: {"customer": "42"}
error             only tasks whose last error contains this text, upper and lower case alike
fingerprint       only tasks whose last error has this fingerprint: see kanthorq_task_errors
created_after     only tasks made at this time or later
created_before    only tasks made before this time
finalized_after   only tasks completed, cancelled or discarded at this time or later
finalized_before  only tasks completed, cancelled or discarded before this time
after             the last event_id of the page before; null is the first page
max_tasks         how many at most
oldest_first      true turns the order round

Returns rows of type kanthorq_task. Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a bad filter.';

-- function: kanthorq_task_history
create or replace function
kanthorq_schema.kanthorq_task_history(
  event_id text,
  consumer text default null
)
returns table (
  consumer_name text,
  at timestamp with time zone,
  what text,
  detail text,
  actor text,
  reason text,
  operation_id bigint,
  undone boolean
)
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_name text;
  v_consumer record;
begin
  if event_id is null then
    raise exception 'event_id is null' using errcode = 'KQ003', hint = 'Pass the id of an event.';
  end if;
  for v_name in select c from kanthorq_schema._kanthorq_consumers(kanthorq_task_history.consumer) c loop
    v_consumer := kanthorq_schema._kanthorq_consumer(v_name);
    return query execute format($q$
      with task as materialized (select t.* from %s t where t.event_id = $1),
      operation as materialized (
        select o.id, o.at, o.action, o.actor, o.reason, o.undoes, coalesce(o.origin, o.id) as chain, c.from_state, c.to_state,
          c.to_schedule_at, c.to_finalized_at
        from kanthorq_schema.kanthorq_task_operation o
        cross join lateral unnest(o.changes) c
        where o.consumer = $2 and o.last_event_id >= $1 and o.first_event_id <= $1 and c.event_id = $1
      )
      select $2, h.at, h.what, h.detail, h.actor, h.reason, h.id, h.undone
      from (
        select 1 as part, kanthorq_schema._kanthorq_as_time(t.created_at) as at, 'made' as what, t.subject::text as detail,
          null::text as actor, null::text as reason, null::bigint as id, null::boolean as undone
        from task t
        union all
        select 2, kanthorq_schema._kanthorq_as_time(kanthorq_schema._kanthorq_error_time(e.failure)), 'attempt failed',
          e.failure ->> 'error', null, null, null, null
        from task t
        cross join lateral unnest(t.attempted_error) e (failure)
        union all
        select 3, kanthorq_schema._kanthorq_as_time(t.attempted_at), 'picked up again',
          format('attempt %%s of at most %%s after the first', t.attempt_count, $4), null, null, null, null
        from task t
        where t.attempted_at > 0
        union all
        -- The operations of a chain of undos take the task to and fro.
        select 4, o.at, o.action,
          format('from %%s to %%s', kanthorq_schema._kanthorq_task_state_name(o.from_state),
            kanthorq_schema._kanthorq_task_state_name(o.to_state)) || coalesce(', undoes operation ' || o.undoes, ''),
          o.actor, o.reason, o.id, (select count(*) %% 2 = 1 from operation u where u.chain = o.chain and u.id > o.id)
        from operation o
        union all
        select 5, kanthorq_schema._kanthorq_as_time(t.finalized_at), kanthorq_schema._kanthorq_task_state_name(t.state),
          'not by a call of this API', null, null, null, null
        from task t
        where t.finalized_at > 0 and not exists (select from operation o where o.to_finalized_at = t.finalized_at)
        union all
        select 6, null, 'now',
          kanthorq_schema._kanthorq_task_why(
            kanthorq_schema._kanthorq_task_state_name(t.state), kanthorq_schema._kanthorq_as_time(t.schedule_at),
            kanthorq_schema._kanthorq_as_time(nullif(t.finalized_at, 0)), t.attempt_count, $4,
            t.attempted_error[array_upper(t.attempted_error, 1)] ->> 'error', kanthorq_schema._kanthorq_as_time($3)
          ), null, null, null, null
        from task t
      ) h
      order by h.part = 6, h.at nulls first, h.part, h.id
      $q$,
      v_consumer.tasks
    )
    using event_id, v_name, kanthorq_schema._kanthorq_now(), v_consumer.attempt_max;
  end loop;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_history(text, text) is 'What happened to the task of an event, oldest first: who did what, when and why.

event_id  the event
consumer  only the task of this consumer; null is all of them

Returns rows for each consumer that has, or had, a task of this event, in the order of the consumers'' names:
consumer_name  whose task it is
at             when; null of now, and of an attempt whose error has no valid time
what           made, attempt failed, picked up again (the last time), cancel, resume, discard, undo, completed, cancelled or discarded
               (otherwise than by this API), or now
detail         of made the subject, of a failed attempt the error, of an operation the states, of now what comes next
actor          of an operation, the role that had logged in
reason         of an operation, the reason that was given
operation_id   of an operation, what kanthorq_task_undo takes
undone         of an operation, whether it has been undone for this task

No row means that no consumer has a task of this event. A consumer whose table is gone or has a fault is left out with a warning.
Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a null event_id.';

-- function: kanthorq_task_operation_purge
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
  perform kanthorq_schema._kanthorq_check_schema();
  if before is null then
    raise exception 'before is null'
      using errcode = 'KQ003', hint = 'Pass the time up to which the log may go: now() - interval ''90 days''';
  end if;
  with old as materialized (
    select o.id
    from kanthorq_schema.kanthorq_task_operation o
    where o.at < before
      and not exists (
        select
        from kanthorq_schema.kanthorq_task_operation b
        where (b.id = coalesce(o.bulk_id, o.id) or b.bulk_id = coalesce(o.bulk_id, o.id)) and b.at >= before
      )
      and (
        o.action <> 'purge' or exists (
          select
          from kanthorq_schema.kanthorq_task_operation f
          where f.consumer = o.consumer and f.action = 'purge' and (f.last_event_id, f.id) > (o.last_event_id, o.id)
        )
      )
    order by o.id
    for update
  )
  delete from kanthorq_schema.kanthorq_task_operation o using old where o.id = old.id;
  get diagnostics v_count = row_count;
  return v_count;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_operation_purge(timestamp with time zone) is 'Deletes all operations from the log that are older than a point in time, and returns how many they were.

before  the time up to which the log may go: now() - interval ''90 days''

What is deleted can''t be undone any more. Raises KQ003 for null.';

-- function: kanthorq_task_operations
create or replace function
kanthorq_schema.kanthorq_task_operations(
  consumer text default null,
  event_id text default null,
  before bigint default null,
  max_operations int default 100,
  action text default null,
  reason text default null,
  actor text default null,
  bulk_id bigint default null,
  each_batch boolean default false,
  with_event_ids boolean default true
)
returns setof kanthorq_schema.kanthorq_operation
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
begin
  perform kanthorq_schema._kanthorq_check_schema();
  if max_operations is null or max_operations < 1 then
    raise exception 'max_operations is %', coalesce(max_operations::text, 'null')
      using errcode = 'KQ003', hint = 'Pass how many operations a page may have, at least 1.';
  end if;
  if action not in ('cancel', 'resume', 'discard', 'undo', 'purge', 'purge events', 'hold', 'release') then
    raise exception '% is not an action', kanthorq_schema._kanthorq_shown(action)
      using errcode = 'KQ003', hint = 'The actions are cancel, resume, discard, undo, purge, purge events, hold and release.';
  end if;
  -- Planned anew in each call, for the conditions that it has.
  return query execute $q$
    with page as materialized (
      select o.id, o.at, o.action, o.consumer, o.reason, o.actor, o.application_name, o.client_addr, o.transaction_id, o.bulk_id,
        o.undoes
      from kanthorq_schema.kanthorq_task_operation o
      where (
          $9 or o.bulk_id is null
          or not exists (select from kanthorq_schema.kanthorq_task_operation h where h.id = o.bulk_id)
        )
        and ($1 is null or o.consumer = $1)
        and ($3 is null or o.id < $3)
        and ($5 is null or o.action = $5)
        and ($6 is null or o.reason = $6)
        and ($7 is null or o.actor = $7)
        and ($8 is null or o.id = $8 or o.bulk_id = $8)
        and (
          $2 is null or o.id = any (array(
            select case when $9 then e.id else coalesce((select h.id from kanthorq_schema.kanthorq_task_operation h where h.id = e.bulk_id), e.id) end
            from kanthorq_schema.kanthorq_task_operation e
            where e.last_event_id >= $2 and e.first_event_id <= $2
              and exists (select from unnest(e.changes) c where c.event_id = $2)
          ))
        )
      order by o.id desc
      limit $4
    )
    select
      p.id, p.at, b.last_at, p.action, p.consumer, p.reason, p.actor, p.application_name, p.client_addr, p.transaction_id,
      coalesce(p.bulk_id, case when b.is_bulk then p.id end), b.batches,
      coalesce((select u.bulk_id from kanthorq_schema.kanthorq_task_operation u where u.id = p.undoes and not $9), p.undoes),
      b.tasks,
      (
        select coalesce(jsonb_object_agg(s.state, s.tasks), '{}')
        from (
          select e.key as state, sum(e.value::bigint) as tasks
          from unnest(b.from_states) f (states), jsonb_each_text(f.states) e
          group by e.key
        ) s
      ),
      case when $10 then array(
        select c.event_id
        from kanthorq_schema.kanthorq_task_operation o, unnest(o.changes) c
        where o.id = any (b.ids)
        order by o.id, c.event_id
      ) end
    from page p
    cross join lateral (
      select max(r.at) as last_at, count(*) as batches, sum(r.tasks)::bigint as tasks, array_agg(r.id) as ids,
        array_agg(r.from_states) as from_states,
        exists (select from kanthorq_schema.kanthorq_task_operation f where f.bulk_id = p.id) as is_bulk
      from (
        select o.id, o.at, o.tasks, o.from_states from kanthorq_schema.kanthorq_task_operation o where o.id = p.id
        union all
        select o.id, o.at, o.tasks, o.from_states from kanthorq_schema.kanthorq_task_operation o where o.bulk_id = p.id and not $9
      ) r
    ) b
    order by p.id desc
    $q$
  using consumer, event_id, before, max_operations, action, reason, actor, bulk_id, coalesce(each_batch, false),
    coalesce(with_event_ids, true);
end
$function$;

comment on function kanthorq_schema.kanthorq_task_operations(text, text, bigint, int, text, text, text, bigint, boolean, boolean) is 'Reads the log of all transitions, purges, holds and releases, newest first.

consumer          only those of this consumer
event_id          only those that moved this task
before            the last id of the page before; null is the first page
max_operations    how many at most
action            only these: cancel, resume, discard, undo, purge, purge events, hold or release
reason            only those with exactly this reason
actor             only those of this login role
bulk_id           only this bulk
each_batch        true gives each batch of a bulk a row of its own; otherwise a bulk is one row
with_event_ids    false leaves event_ids null, which is quicker

Returns rows of type kanthorq_operation, one for each call that moved tasks or held or released a consumer:
id                what kanthorq_task_undo takes; of a bulk, what kanthorq_task_undo_all takes
at                when; of a bulk, when its first batch was
last_at           of a bulk, when its last batch was
action            cancel, resume, discard, undo, purge, purge events, hold or release
consumer_name     whose tasks it moved, or that was held or released; of purge events, the stream
reason            what the caller gave as the reason
actor             the role that had logged in
application_name  what its connection called itself
client_addr       where the connection came from; null for a socket of the server''s own machine
transaction_id    the transaction that it was part of; of a bulk, that of its first batch
bulk_id           the bulk; null for a call of one batch
batches           how many batches the row stands for
undoes            the operation or the bulk that it undid
tasks             how many tasks it moved; of a purge, how many rows it deleted
from_states       how many of them came from each state: {"available": 3}
event_ids         which; of a purge, none

Raises KQ003 for a bad argument.';

-- function: kanthorq_task_preview
create or replace function
kanthorq_schema.kanthorq_task_preview(
  action text,
  consumer text,
  states text[] default null,
  subject text default null,
  metadata jsonb default null,
  error text default null,
  fingerprint text default null,
  created_after timestamp with time zone default null,
  created_before timestamp with time zone default null,
  finalized_after timestamp with time zone default null,
  finalized_before timestamp with time zone default null,
  max_tasks bigint default null,
  running boolean default false,
  out tasks bigint,
  out matching bigint,
  out by_state jsonb,
  out by_subject jsonb,
  out subjects bigint,
  out first_tasks jsonb,
  out left_out jsonb
)
returns record
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_consumer record;
  v_filter kanthorq_schema._kanthorq_task_filter;
begin
  perform kanthorq_schema._kanthorq_check_action(action);
  v_consumer := kanthorq_schema._kanthorq_consumer(consumer);
  v_filter := kanthorq_schema._kanthorq_check_filter(
    states, subject, metadata, error, fingerprint, created_after, created_before, finalized_after, finalized_before
  );
  if max_tasks < 1 then
    raise exception 'max_tasks is %', max_tasks using errcode = 'KQ003', hint = 'Pass at least 1, or null for no limit.';
  end if;
  perform kanthorq_schema._kanthorq_check_takes(action, states, running);

  execute format($q$
    with tally as materialized (
      select kanthorq_schema._kanthorq_task_state_name(t.state) as state, t.subject, t.taken, sum(t.tasks)::bigint as tasks
      from (
        select t.state, t.subject, count(*) as tasks,
          coalesce(%3$s, false) as taken
        from %1$s t
        where kanthorq_schema._kanthorq_task_matches(
          $3, t.state, t.subject::text, t.metadata, t.attempted_error, t.created_at, t.finalized_at
        )
        group by t.state, t.subject, taken
      ) t
      group by t.state, t.subject, t.taken
    )
    select
      coalesce(sum(y.tasks) filter (where y.taken), 0),
      (
        select coalesce(jsonb_object_agg(s.state, s.tasks), '{}')
        from (select state, sum(tasks) as tasks from tally where taken group by state) s
      ),
      (
        select coalesce(jsonb_agg(jsonb_build_object('subject', s.subject, 'tasks', s.tasks) order by s.tasks desc, s.subject), '[]')
        from (
          select subject, sum(tasks) as tasks from tally where taken group by subject order by tasks desc, subject limit 10
        ) s
      ),
      count(distinct y.subject) filter (where y.taken),
      (
        select coalesce(jsonb_object_agg(s.state, s.tasks), '{}')
        from (select state, sum(tasks) as tasks from tally where not taken group by state) s
      ),
      (
        select coalesce(jsonb_agg(to_jsonb(f) order by f.event_id), '[]')
        from (
          select (row(%2$s)::kanthorq_schema.kanthorq_task).*
          from %1$s t
          where kanthorq_schema._kanthorq_task_matches(
            $3, t.state, t.subject::text, t.metadata, t.attempted_error, t.created_at, t.finalized_at
          )
            and %3$s
          order by t.event_id
          limit 5
        ) f
      )
    from tally y
    $q$,
    v_consumer.tasks,
    kanthorq_schema._kanthorq_task_columns_sql(),
    kanthorq_schema._kanthorq_task_takes_sql(action, false, running)
  )
  into matching, by_state, by_subject, subjects, left_out, first_tasks
  using kanthorq_schema._kanthorq_now(), v_consumer.attempt_max, v_filter;
  tasks := least(matching, max_tasks);
end
$function$;

comment on function kanthorq_schema.kanthorq_task_preview(text, text, text[], text, jsonb, text, text, timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone, bigint, boolean) is 'Says what kanthorq_task_cancel_all, kanthorq_task_resume_all or kanthorq_task_discard_all with the same filter would do. Changes nothing.

action            cancel, resume or discard
consumer          name of the consumer
states            only tasks in one of these states: pending, available, running, completed, retryable, discarded, cancelled
subject           only tasks whose subject this filter matches: * is one token, > at the end is one or more
metadata          only tasks whose metadata contains this: {"customer": "42"}
error             only tasks whose last error contains this text, upper and lower case alike
fingerprint       only tasks whose last error has this fingerprint: see kanthorq_task_errors
created_after     only tasks made at this time or later
created_before    only tasks made before this time
finalized_after   only tasks completed, cancelled or discarded at this time or later
finalized_before  only tasks completed, cancelled or discarded before this time
max_tasks         how many tasks the call may move at most; null is no limit
running           true lets cancel take running tasks too

Returns one row:
tasks             how many tasks it would move
matching          how many match the filter and can be moved: more than tasks where max_tasks is less
by_state          how many of those are in each state: {"available": 3}
by_subject        the ten subjects with the most of those: [{"subject": "order.created", "tasks": 3}]
subjects          how many different subjects they have
first_tasks       the first five of them, as an array of kanthorq_task
left_out          how many match the filter but are in a state that the action does not take: {"running": 2}; of discard, also
                  running tasks that are not stuck

Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a bad argument.';

-- function: kanthorq_task_pull
create or replace function
kanthorq_schema.kanthorq_task_pull(
  consumer text,
  max_tasks int default 100,
  subjects text[] default null,
  lookback interval default '1 minute'
)
returns setof kanthorq_schema.kanthorq_pulled_task
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
set enable_partition_pruning = off
as $function$
declare
  v_consumer record := kanthorq_schema._kanthorq_consumer(consumer);
  v_now bigint := kanthorq_schema._kanthorq_now();
  v_events regclass := kanthorq_schema._kanthorq_find_table(v_consumer.stream_id);
  v_patterns text[];
  v_states smallint[];
  v_state smallint;
  v_take text;
  v_cursor text;
  v_wanted text;
  v_begin text;
  v_page int;
  v_read text;
  v_ids text[];
  v_last text;
  v_left int := max_tasks;
  v_given int;
  v_until timestamptz := clock_timestamp() + interval '1 s';
begin
  if max_tasks is null or max_tasks < 1 then
    raise exception 'max_tasks is %', coalesce(max_tasks::text, 'null')
      using errcode = 'KQ003', hint = 'Pass how many tasks the worker can take, at least 1.';
  end if;
  if lookback is null or not isfinite(lookback) or lookback < interval '0' or lookback > interval '1 year' then
    raise exception 'lookback is %', coalesce(lookback::text, 'null')
      using errcode = 'KQ003', hint = 'Pass an interval of at most a year; 0 looks at no event behind the cursor.';
  end if;
  if v_events is null or kanthorq_schema._kanthorq_table_fault(v_events, 'stream') is not null then
    perform kanthorq_schema._kanthorq_refuse_table(v_consumer.stream_id, 'stream', v_consumer.stream_name);
  end if;
  if subjects is not null then
    perform kanthorq_schema._kanthorq_check_subject_filters('subjects', subjects);
    v_patterns := array(select kanthorq_schema._kanthorq_subject_pattern(s) from unnest(subjects) s);
  end if;

  -- A hold stops the pulls, or the intake alone.
  if kanthorq_schema._kanthorq_held(consumer, true) is not null then
    return;
  end if;

  -- Most pulls find nothing due: a look is cheaper than the statement that takes tasks.
  execute format($q$
    select array_remove(array[
      (select t.state from %1$s t where t.state = %2$s and t.attempt_count <= $2 and t.schedule_at < $1 order by t.schedule_at limit 1),
      (select t.state from %1$s t where t.state = %3$s and t.attempt_count <= $2 and t.schedule_at < $1 order by t.schedule_at limit 1)
    ], null)
    $q$,
    v_consumer.tasks, kanthorq_schema._kanthorq_task_state('retryable'), kanthorq_schema._kanthorq_task_state('running')
  )
  into v_states
  using v_now, v_consumer.attempt_max;

  -- One state after the other, each with a limit that the planner knows: it would read the whole table for a limit that it has to guess.
  v_take := format($q$
    with claimed as materialized (
      select t.event_id
      from %1$s t
      where t.state = $6 and t.attempt_count <= $2 and t.schedule_at < $1 and ($5 is null or t.subject ~ any ($5))
      order by t.schedule_at
      limit $3
      for no key update
      skip locked
    ),
    due as materialized (
      select c.event_id, e.id is null as is_gone, e.body, e.created_at
      from claimed c
      left join %2$s e on e.id = c.event_id
    ),
    pulled as (
      update %1$s t
      set state = case when d.is_gone then %4$s else %3$s end,
        finalized_at = case when d.is_gone then $1 else t.finalized_at end,
        attempt_count = t.attempt_count + 1,
        attempted_at = $1,
        attempted_error = case when d.is_gone
          then t.attempted_error || jsonb_build_object('at', $1, 'error', 'the event is gone', 'stack', 'kanthorq_task_pull')
          else t.attempted_error end,
        schedule_at = $1 + $4 + (least(power(t.attempt_count, 4) * 1000, 1e15) * (0.9 + random() * 0.2))::bigint
      from due d
      where t.event_id = d.event_id and t.attempt_count <= $2 and t.schedule_at < $1 and t.state = $6
      returning t.event_id, t.subject, d.body, t.metadata, t.attempt_count, t.schedule_at, d.created_at, d.is_gone
    )
    select p.event_id::text, p.subject::text, p.body, p.metadata, p.attempt_count::integer, $2::integer,
      kanthorq_schema._kanthorq_as_time(p.schedule_at), kanthorq_schema._kanthorq_as_time(p.created_at)
    from pulled p
    where not p.is_gone
    order by p.event_id
    $q$,
    v_consumer.tasks, kanthorq_schema._kanthorq_only_sql(v_events), kanthorq_schema._kanthorq_task_state('running'),
    kanthorq_schema._kanthorq_task_state('discarded')
  );
  foreach v_state in array v_states loop
    return query execute v_take using v_now, v_consumer.attempt_max, v_left, v_consumer.visibility_timeout, v_patterns, v_state;
    get diagnostics v_given = row_count;
    v_left := v_left - v_given;
    exit when v_left = 0;
  end loop;
  if v_left = 0 or kanthorq_schema._kanthorq_held(consumer, false) is not null then
    return;
  end if;

  -- As KanthorQ's puller locks it.
  select r.cursor, kanthorq_schema._kanthorq_wanted_pattern(r.subject_includes::text[], r.subject_excludes::text[])
  into v_cursor, v_wanted
  from kanthorq_schema.kanthorq_consumer_registry r
  where r.name = consumer
  for update
  skip locked;
  if not found then
    return;
  end if;
  v_page := v_left;
  -- Whether a task is new is asked in an expression: a join of so few rows as the planner expects would compare each with each. The first
  -- and the last id are given too, because the planner would read all of a table that is not large for some hundred ids.
  v_begin := format($q$
    with wanted as materialized (
      select e.id, e.subject, e.body, e.metadata, e.created_at, $2 is null or e.subject ~ any ($2) as is_taken
      from %2$s e
      where e.id = any ($1) and e.id >= $6 and e.id <= $7
    ),
    made as (
      insert into %1$s as t (event_id, subject, state, schedule_at, metadata)
      select w.id, w.subject, %3$s, case when w.is_taken then $3 + $4 else $3 end, w.metadata
      from wanted w
      order by w.id
      on conflict (event_id) do nothing
      returning t.event_id
    )
    select w.id::text, w.subject::text, w.body, w.metadata, 0, $5::integer, kanthorq_schema._kanthorq_as_time($3 + $4),
      kanthorq_schema._kanthorq_as_time(w.created_at)
    from wanted w
    where w.is_taken and (w.id in (select m.event_id from made m)) is true
    order by w.id
    $q$,
    kanthorq_schema._kanthorq_find_table(v_consumer.id), kanthorq_schema._kanthorq_only_sql(v_events),
    kanthorq_schema._kanthorq_task_state('running')
  );
  -- At first no more events than there is room for, because most consumers want most of them. One that wants few of millions passes over
  -- some of them in each call, so that no timeout makes it begin anew.
  loop
    execute format($q$
      select max(p.id), array_agg(p.id order by p.id) filter (where p.subject ~ $3),
        (array_agg(p.id order by p.id) filter (where p.subject ~ $3 and ($4 is null or p.subject ~ any ($4))))[$5]
      from (select e.id, e.subject from %s e where e.id > $1 order by e.id limit $2) p
      $q$,
      kanthorq_schema._kanthorq_only_sql(v_events)
    )
    into v_read, v_ids, v_last
    using v_cursor, v_page, v_wanted, v_patterns, v_left;
    exit when v_read is null;
    if v_last < v_read then
      v_read := v_last;
      v_ids := array(select u.id from unnest(v_ids) u (id) where u.id <= v_last);
    end if;
    v_cursor := v_read;
    if v_ids is not null then
      return query execute v_begin
      using v_ids, v_patterns, v_now, v_consumer.visibility_timeout, v_consumer.attempt_max, v_ids[1], v_ids[cardinality(v_ids)];
      get diagnostics v_given = row_count;
      v_left := v_left - v_given;
    end if;
    exit when v_left = 0 or clock_timestamp() > v_until;
    v_page := 10000;
  end loop;
  update kanthorq_schema.kanthorq_consumer_registry r set cursor = v_cursor where r.name = consumer and r.cursor <> v_cursor;

  if v_left > 0 and lookback > interval '0' then
    -- Whether there is a task is asked for each event, in a sub-select: a join could read all tasks for the first few events.
    execute format($q$
      select array_agg(p.id order by p.id)
      from (
        select e.id
        from %s e
        where e.id > $1 and e.id < $2 and e.subject ~ $3 and (select t.event_id from %s t where t.event_id = e.id) is null
        order by e.id
        limit $4
      ) p
      $q$,
      kanthorq_schema._kanthorq_only_sql(v_events), v_consumer.tasks
    )
    into v_ids
    using
      greatest(
        'event_' || kanthorq_schema._kanthorq_crockford(v_now - (extract(epoch from lookback) * 1000)::bigint, 10),
        kanthorq_schema._kanthorq_purged_to(consumer)
      ),
      v_cursor, v_wanted, v_left;
    if v_ids is not null then
      return query execute v_begin
      using v_ids, v_patterns, v_now, v_consumer.visibility_timeout, v_consumer.attempt_max, v_ids[1], v_ids[cardinality(v_ids)];
    end if;
  end if;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_pull(text, int, text[], interval) is 'Gives tasks to a worker: those that are due, and new ones of events that came since the last pull.

consumer   name of the consumer
max_tasks  how many at most
subjects   only tasks whose subject one of these filters matches; tasks of other new events are left to other workers, due at once
lookback   how far behind the cursor to look for events that came late; 0 is not at all. It costs a look at each event of that time

Returns rows of type kanthorq_pulled_task. The worker holds each until lease_until, and reports on it with its attempt:
kanthorq_task_complete, kanthorq_task_fail, kanthorq_task_extend, kanthorq_task_release. Without a report, another pull gives the task
to another worker after that, as long as it has attempts left.
A consumer that is held gives no task, and one whose intake is held no new one.
A call looks at new events for one second: when it took longer and gave fewer tasks than max_tasks, there may be more.

Raises KQ001 if there is no such consumer, KQ002 if a table is gone, KQ003 for a bad argument.';

-- function: kanthorq_task_purge
create or replace procedure
kanthorq_schema.kanthorq_task_purge(
  consumer text,
  finished_before timestamp with time zone,
  states text[] default '{completed}',
  archive text default null,
  preview boolean default false,
  batch_size int default 1000,
  max_tasks bigint default null,
  pause interval default null,
  reason text default null,
  inout purged bigint default null,
  inout skipped bigint default null,
  inout bulk_id bigint default null,
  inout kept jsonb default null
)
language plpgsql
as $procedure$
begin
  call kanthorq_schema._kanthorq_purge_all(
    'tasks', consumer, finished_before, states, false, archive, preview, batch_size, max_tasks, pause, reason, purged, skipped, bulk_id, kept
  );
end
$procedure$;

comment on procedure kanthorq_schema.kanthorq_task_purge(text, timestamp with time zone, text[], text, boolean, int, bigint, interval, text, bigint, bigint, bigint, jsonb) is 'Deletes the tasks of a consumer that were finished before a point in time, batch by batch. Never a task that has work before it, nor one
that KanthorQ would make again. What is deleted can''t be undone.

consumer         name of the consumer
finished_before  only tasks that were completed, cancelled or discarded before this time
states           only tasks in one of these states: completed, cancelled, discarded; by default completed ones only, because the others
                 may still be resumed
archive          a table that gets the rows in the same statement, in this schema or as schema.table; null keeps none. To make one:
                 create table my_archive (like kanthorq_consumer_...)
preview          true counts the tasks that it would delete, and deletes nothing
batch_size       how many tasks one batch takes
max_tasks        how many tasks at most; null is no limit
pause            the time between two batches; null is twice as long as the batch took, so that workers keep most of the server
reason           why, for the log

Returns one row:
purged           how many tasks it deleted, or would delete
skipped          how many it left alone because another session held or moved them meanwhile
bulk_id          the purge in kanthorq_task_operations; null if nothing was deleted
kept             how many finished tasks of that age have to stay, by the reason: the consumer has not read their event yet, so that
                 KanthorQ would make the task again

It commits, so it can''t be called in a transaction. Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a
bad argument. Batches that were committed before an error stay; the error''s detail says how many tasks they deleted.';

-- function: kanthorq_task_purge_batch
create or replace function
kanthorq_schema.kanthorq_task_purge_batch(
  consumer text,
  finished_before timestamp with time zone,
  states text[] default '{completed}',
  archive text default null,
  preview boolean default false,
  batch_size int default 1000,
  max_tasks bigint default null,
  reason text default null,
  inout progress kanthorq_schema.kanthorq_task_progress default null,
  out purged bigint,
  out skipped bigint,
  out total bigint,
  out bulk_id bigint,
  out kept jsonb
)
returns record
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
set enable_partition_pruning = off
as $function$
declare
  v_consumer record;
  v_before bigint;
  v_cursor text;
  v_states smallint[];
  v_wrong text;
  v_takes text := 't.state = any ($1) and t.finalized_at > 0 and t.finalized_at < $2 and t.event_id <= $3';
  v_archived text;
  v_limit bigint;
  v_last text;
  v_found bigint;
  v_unread bigint;
  v_batch record;
begin
  v_consumer := kanthorq_schema._kanthorq_consumer(consumer);
  v_before := kanthorq_schema._kanthorq_check_purge('finished_before', finished_before, batch_size, max_tasks, progress);
  v_states := kanthorq_schema._kanthorq_check_states(coalesce(states, '{}'));
  select s into v_wrong from unnest(states) s where s not in ('completed', 'cancelled', 'discarded') limit 1;
  if found then
    raise exception 'purge does not take tasks in state %', v_wrong
      using errcode = 'KQ003', hint = 'It takes completed, cancelled and discarded tasks: all others have work before them.';
  end if;
  v_archived := kanthorq_schema._kanthorq_archive_sql(archive, kanthorq_schema._kanthorq_find_table(v_consumer.id), 'consumer');
  v_cursor := coalesce(kanthorq_schema._kanthorq_true_cursor(consumer), '');

  if progress is null or preview then
    execute format($q$
      select max(t.event_id), count(*) filter (where %2$s), count(*) filter (where t.event_id > $3)
      from %1$s t
      where t.state = any ($1) and t.finalized_at > 0 and t.finalized_at < $2
      $q$,
      v_consumer.tasks, v_takes
    )
    into v_last, v_found, v_unread
    using v_states, v_before, v_cursor;
    kept := case when v_unread > 0 then jsonb_build_object(consumer || ' has not read the event', v_unread) else '{}' end;
    progress := row(null, null, v_last, kanthorq_schema._kanthorq_now(), 0, 0, v_found);
  end if;
  if preview then
    purged := least(progress.found, max_tasks);
    total := purged;
    skipped := 0;
    progress := null;
    return;
  end if;

  v_limit := greatest(least(batch_size, max_tasks - progress.moved), 0);
  execute format($q$
    with scanned as materialized (
      select t.event_id
      from %1$s t
      where %2$s and ($4 is null or t.event_id > $4) and t.event_id <= $5
      order by t.event_id
      limit $6
    ),
    free as materialized (
      select t.event_id
      from %1$s t
      where t.event_id = any (array(select s.event_id::text from scanned s)) and %2$s
      order by t.event_id
      for update
      skip locked
    ),
    gone as (
      delete from %1$s t
      using free f
      where t.event_id = f.event_id and %2$s
      returning t.*
    )
    %3$s
    select (select count(*) from scanned) as scanned, (select max(s.event_id) from scanned s) as position,
      coalesce(sum(g.tasks), 0)::bigint as purged, min(g.first_id) as first_id, max(g.last_id) as last_id,
      jsonb_object_agg(kanthorq_schema._kanthorq_task_state_name(g.state), g.tasks) filter (where g.state is not null) as from_states
    from (
      select g.state, count(*) as tasks, min(g.event_id collate "C") as first_id, max(g.event_id collate "C") as last_id
      from gone g
      group by g.state
    ) g
    $q$,
    v_consumer.tasks, v_takes, v_archived
  )
  into v_batch
  using v_states, v_before, v_cursor, progress.position, progress.last_position, v_limit;

  purged := v_batch.purged;
  bulk_id := kanthorq_schema._kanthorq_purge_log(
    'purge'::text, consumer, reason, progress.bulk_id, purged, v_batch.from_states, v_batch.first_id, v_batch.last_id
  );
  total := progress.moved + purged;
  skipped := progress.skipped + v_batch.scanned - purged;
  if v_batch.scanned < v_limit or total >= max_tasks or v_batch.position = progress.last_position then
    progress := null;
  else
    progress.bulk_id := bulk_id;
    progress.position := v_batch.position;
    progress.moved := total;
    progress.skipped := skipped;
  end if;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_purge_batch(text, timestamp with time zone, text[], text, boolean, int, bigint, text, kanthorq_schema.kanthorq_task_progress) is 'Does one batch of kanthorq_task_purge. For programs that make the loop themselves.

consumer         name of the consumer
finished_before  only tasks that were completed, cancelled or discarded before this time
states           only tasks in one of these states: completed, cancelled, discarded
archive          a table that gets the rows, in this schema or as schema.table; null keeps none
preview          true counts the tasks that the whole purge would take, and deletes nothing
batch_size       how many tasks the batch takes
max_tasks        how many tasks at most in all batches; null is no limit
reason           why, for the log
progress         null to begin; then what the batch before returned, until that is null, with all else unchanged

Returns one row:
progress         where the next batch goes on; null when there is nothing left to do
purged           how many tasks this batch deleted; it can be 0 before the end
skipped          how many all batches so far left alone because another session held or moved them meanwhile
total            how many all batches so far deleted
bulk_id          the purge in the log; null if nothing was deleted so far
kept             of the first batch and a preview, how many finished tasks have to stay, by the reason

Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a bad argument.';

-- function: kanthorq_task_rates
create or replace function
kanthorq_schema.kanthorq_task_rates(
  consumer text default null,
  since timestamp with time zone default now() - cast('1 hour' as interval),
  bucket interval default '5 minutes'
)
returns table (
  consumer_name text,
  at timestamp with time zone,
  arrived bigint,
  completed bigint,
  failed bigint,
  discarded bigint,
  cancelled bigint,
  waiting bigint
)
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_now bigint := kanthorq_schema._kanthorq_now();
  v_step bigint;
  v_from bigint;
  v_buckets bigint;
  v_name text;
  v_consumer record;
begin
  if bucket is null or not isfinite(bucket) or bucket < interval '1 second' or bucket > interval '100 years' then
    raise exception 'bucket is %', coalesce(bucket::text, 'null')
      using errcode = 'KQ003', hint = 'Pass an interval of a second at least: interval ''5 minutes''';
  end if;
  if since is null or not isfinite(since) then
    raise exception 'since is %', coalesce(since::text, 'null')
      using errcode = 'KQ003', hint = 'Pass a point in time: now() - interval ''1 hour''';
  end if;
  v_step := extract(epoch from bucket) * 1000;
  v_from := greatest(kanthorq_schema._kanthorq_as_milliseconds(since), 0) / v_step * v_step;
  v_buckets := (v_now - v_from) / v_step + 1;
  if v_buckets > 10000 then
    raise exception 'since % in buckets of % makes % buckets', since, bucket, v_buckets using errcode = 'KQ003', hint = 'Pass a longer bucket, or a later time: 10000 are shown.';
  end if;
  for v_name in select c from kanthorq_schema._kanthorq_consumers(kanthorq_task_rates.consumer) c loop
    v_consumer := kanthorq_schema._kanthorq_consumer(v_name);
    return query execute format($q$
      with happened as (
        -- 1 is an arrival, 2 an end, 3 a failed attempt. What was before the first bucket is in bucket -1.
        select case when h.at < $2 then -1 else (h.at - $2) / $3 end as n, h.what, h.state, count(*) as tasks
        from (
          select 1 as what, null::smallint as state, t.created_at as at from %1$s t
          union all
          select 2, t.state, t.finalized_at from %1$s t where t.finalized_at > 0
          union all
          select 3, null,
            case when jsonb_typeof(e.failure -> 'at') = 'number' and (e.failure ->> 'at')::numeric between $2 and $4
              then (e.failure ->> 'at')::numeric::bigint end
          from %1$s t
          cross join lateral unnest(t.attempted_error) e (failure)
          where t.attempted_error <> '{}'
        ) h
        where h.at <= $4
        group by 1, 2, 3
      ),
      tally as (
        select h.n,
          sum(h.tasks) filter (where h.what = 1) as arrived,
          sum(h.tasks) filter (where h.state = kanthorq_schema._kanthorq_task_state('completed')) as completed,
          sum(h.tasks) filter (where h.what = 3) as failed,
          sum(h.tasks) filter (where h.state = kanthorq_schema._kanthorq_task_state('discarded')) as discarded,
          sum(h.tasks) filter (where h.state = kanthorq_schema._kanthorq_task_state('cancelled')) as cancelled,
          sum(case h.what when 1 then h.tasks when 2 then -h.tasks else 0 end) as more
        from happened h
        group by h.n
      )
      select $1, kanthorq_schema._kanthorq_as_time($2 + b.n * $3), b.arrived, b.completed, b.failed, b.discarded, b.cancelled, b.waiting
      from (
        select n, coalesce(y.arrived, 0)::bigint as arrived, coalesce(y.completed, 0)::bigint as completed,
          coalesce(y.failed, 0)::bigint as failed, coalesce(y.discarded, 0)::bigint as discarded,
          coalesce(y.cancelled, 0)::bigint as cancelled, sum(coalesce(y.more, 0)) over (order by n)::bigint as waiting
        from generate_series(-1, $5 - 1) n
        left join tally y using (n)
      ) b
      where b.n >= 0
      order by b.n
      $q$,
      v_consumer.tasks
    )
    using v_name, v_from, v_step, v_now, v_buckets;
  end loop;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_rates(text, timestamp with time zone, interval) is 'How the tasks of one consumer or, with null, of all have evolved, in buckets of time. Reads every task.

consumer       name of a consumer, or null for all
since          from when on; the first bucket is the one that it falls into
bucket         how long a bucket is, a second at least; 10000 buckets at most

Returns a row for each consumer and bucket, oldest first:
consumer_name  whose tasks they are
at             when the bucket begins; the last one is not over yet
arrived        how many tasks were made
completed      how many were completed
failed         how many attempts failed
discarded      how many tasks were discarded
cancelled      how many were cancelled
waiting        how many were not finished at its end, or are not finished now

A task counts as it is now: one that was resumed is not finished any more, and one that was purged is missing. With null, a consumer whose
table is gone or has a fault is left out with a warning. Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a
bad argument.';

-- function: kanthorq_task_release
create or replace function
kanthorq_schema.kanthorq_task_release(
  consumer text,
  event_ids text[],
  attempts int[] default null,
  out updated text[],
  out noop text[]
)
returns record
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
set enable_partition_pruning = off
as $function$
begin
  select r.updated, r.noop into updated, noop
  from kanthorq_schema._kanthorq_task_report('release', consumer, event_ids, attempts, null::text[], null::text[], null::bigint, null::interval) r;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_release(text, text[], int[]) is 'Gives running tasks back, so that another worker takes them at once: what a worker that stops does with tasks it has not handled.

consumer        name of the consumer
event_ids       ids of the tasks'' events; any number, duplicates count once
attempts        the attempt of each, as kanthorq_task_pull returned it; null reports on whatever attempt is running

Returns one row of two arrays that hold each distinct id once, in the order of event_ids:
updated         tasks that are due now
noop            ids of tasks that are not running, are in another attempt or do not exist

Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a bad argument; then nothing has changed.';

-- function: kanthorq_task_resume
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
set enable_partition_pruning = off
as $function$
begin
  perform kanthorq_schema._kanthorq_check_event_ids(event_ids);
  select t.updated, t.noop into updated, noop
  from kanthorq_schema._kanthorq_task_transition(
    'resume', consumer, event_ids, reason, false, kanthorq_schema._kanthorq_due('schedule_at', schedule_at), reset_attempts,
    0::double precision, 0::bigint, null::bigint
  ) t;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_resume(text, text[], text, timestamp with time zone, boolean) is 'Resumes tasks that are discarded or cancelled, so that they are worked again. They become running, due at once or at schedule_at.
KanthorQ''s worker can''t acknowledge them without a change in the handler: kanthorq_doctor() reports that.

consumer        name of the consumer
event_ids       ids of the tasks'' events; any number, duplicates count once
reason          why, for the log
schedule_at     when they are due; null is now
reset_attempts  true sets attempt_count to 0, so that a failing handler runs attempt_max times; otherwise attempt_count comes down
                to attempt_max - 1 where it is above, and one more failure discards the task again

Returns one row of two arrays that hold each distinct id once, in the order of event_ids:
updated         tasks that this call resumed
noop            ids of tasks that are in another state or do not exist

Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a bad argument; then nothing has changed.';

-- function: kanthorq_task_resume_all
create or replace procedure
kanthorq_schema.kanthorq_task_resume_all(
  consumer text,
  states text[] default null,
  subject text default null,
  metadata jsonb default null,
  error text default null,
  fingerprint text default null,
  created_after timestamp with time zone default null,
  created_before timestamp with time zone default null,
  finalized_after timestamp with time zone default null,
  finalized_before timestamp with time zone default null,
  everything boolean default false,
  batch_size int default 1000,
  max_tasks bigint default null,
  pause interval default null,
  reason text default null,
  schedule_at timestamp with time zone default null,
  reset_attempts boolean default false,
  spread interval default null,
  inout updated bigint default null,
  inout skipped bigint default null,
  inout bulk_id bigint default null
)
language plpgsql
as $procedure$
begin
  call kanthorq_schema._kanthorq_task_all(
    'resume', consumer, states, subject, metadata, error, fingerprint, created_after, created_before, finalized_after,
    finalized_before, everything, batch_size, max_tasks, pause, reason, schedule_at, reset_attempts, spread,
    false, null::pg_catalog.int8, updated, skipped, bulk_id
  );
end
$procedure$;

comment on procedure kanthorq_schema.kanthorq_task_resume_all(text, text[], text, jsonb, text, text, timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone, boolean, int, bigint, interval, text, timestamp with time zone, boolean, interval, bigint, bigint, bigint) is 'Resumes all tasks that a filter matches and that are discarded or cancelled, batch by batch.

consumer          name of the consumer
states            only tasks in one of these states
subject           only tasks whose subject this filter matches: * is one token, > at the end is one or more
metadata          only tasks whose metadata contains this: {"customer": "42"}
error             only tasks whose last error contains this text, upper and lower case alike
fingerprint       only tasks whose last error has this fingerprint: see kanthorq_task_errors
created_after     only tasks made at this time or later
created_before    only tasks made before this time
finalized_after   only tasks completed, cancelled or discarded at this time or later
finalized_before  only tasks completed, cancelled or discarded before this time
everything        has to be true if there is no filter
batch_size        how many tasks one batch looks at
max_tasks         how many tasks at most; null is no limit
pause             the time between two batches; null is twice as long as the batch took, so that workers keep most of the server
reason            why, for the log
schedule_at       when the resumed tasks are due; null is now
reset_attempts    true sets attempt_count to 0; otherwise one more failure discards the task again
spread            the time over which the tasks are spread evenly, from schedule_at on

Returns one row:
updated           how many tasks it moved
skipped           how many it left alone because another session held or moved them meanwhile: at least as many as matched when it
                  began and were not moved, if max_tasks allows them
bulk_id           what kanthorq_task_undo_all takes; null if nothing was moved

It commits, so it can''t be called in a transaction. Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for
a bad argument or no filter, KQ004 if the bulk is undone meanwhile. Batches that were committed before an error stay; the error''s
detail says how many.';

-- function: kanthorq_task_stats
create or replace function
kanthorq_schema.kanthorq_task_stats(
  consumer text default null,
  estimate boolean default false
)
returns table (
  consumer_name text,
  state text,
  tasks bigint,
  oldest timestamp with time zone,
  next_due timestamp with time zone,
  stuck bigint,
  held text
)
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_name text;
  v_consumer record;
begin
  for v_name in select c from kanthorq_schema._kanthorq_consumers(kanthorq_task_stats.consumer) c loop
    if estimate then
      return query
      select v_name, e.state, e.tasks, null::timestamptz, null::timestamptz, e.stuck, kanthorq_schema._kanthorq_held(v_name, false)
      from kanthorq_schema._kanthorq_task_estimate(v_name) e;
      continue;
    end if;
    v_consumer := kanthorq_schema._kanthorq_consumer(v_name);
    return query execute format($q$
      select $3, kanthorq_schema._kanthorq_task_state_name(c.state), c.tasks,
        kanthorq_schema._kanthorq_as_time(c.oldest), kanthorq_schema._kanthorq_as_time(c.due), c.stuck, $4
      from (
        select t.state, count(*) as tasks, min(t.created_at) as oldest,
          min(t.schedule_at) filter (
            where t.attempt_count <= $2 and t.state in (
              kanthorq_schema._kanthorq_task_state('running'), kanthorq_schema._kanthorq_task_state('retryable')
            )
          ) as due,
          count(*) filter (where %s) as stuck
        from %s t
        group by t.state
      ) c
      order by c.state
      $q$,
      kanthorq_schema._kanthorq_task_takes_sql('discard', false, false),
      v_consumer.tasks
    )
    using kanthorq_schema._kanthorq_now(), v_consumer.attempt_max, v_name,
      kanthorq_schema._kanthorq_held(v_name, false);
  end loop;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_stats(text, boolean) is 'How many tasks there are in each state, for one consumer or, with null, for all of them.

consumer  name of a consumer, or null for all
estimate  true estimates tasks and stuck and leaves oldest and next_due null, so that a table of any size is quick

Returns a row for each consumer and state that has tasks:
consumer_name  whose tasks they are
state          the state that they are in; a number if KanthorQ has no such state
tasks          how many there are
oldest         when the oldest of them was made
next_due       when the first of them that a worker may take is due; in the past if one is waiting, null if there is none
stuck          how many are running, overdue and with their attempts spent: kanthorq_task_discard takes them
held           since when the consumer is held, by whom and why; null if it is not

An estimate reads the table if it has at most 1000 pages (8 MB), and otherwise 1000 of its pages. With an index on (state, schedule_at), states of
less than 10000 tasks are counted; without one, a state that few tasks have may be missing.

With null, a consumer whose table is gone or has a fault is left out with a warning. Raises KQ001 if there is no such consumer, KQ002 if its table is gone.';

-- function: kanthorq_task_undo
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
set enable_partition_pruning = off
as $function$
declare
  v_batches bigint;
begin
  perform kanthorq_schema._kanthorq_check_schema();
  -- It may be the first batch of a bulk that goes on: that ends here, see _kanthorq_bulk.
  update kanthorq_schema.kanthorq_task_operation o set undone = true where o.id = operation_id and o.bulk_id is null and not o.undone;
  select count(*) into v_batches from kanthorq_schema.kanthorq_task_operation o where o.bulk_id = operation_id;
  if v_batches > 0 then
    raise exception 'operation % is a bulk of % batches', operation_id, v_batches + 1
      using errcode = 'KQ004', hint = format('call kanthorq_task_undo_all(%s) takes all of it back.', operation_id);
  end if;
  select u.updated, u.noop into updated, noop from kanthorq_schema._kanthorq_task_undo(operation_id, reason, null::bigint) u;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_undo(bigint, text) is 'Undoes an operation of the log: puts its tasks back to what they were before it, where nothing has moved them since.

operation_id  an id of kanthorq_task_operations: of a single call, or of a batch of a bulk but the first, whose id is that of the bulk
reason        why, for the log

Returns one row of two arrays that hold each task of the operation once:
updated       the tasks that are now as they were before the operation
noop          ids of tasks that something has touched since, or that do not exist any more

An undo is an operation itself, and can be undone. Raises KQ004 if there is no such operation or if it is a bulk, which
kanthorq_task_undo_all takes back; KQ001 or KQ002 if its consumer is gone.';

-- function: kanthorq_task_undo_all
create or replace procedure
kanthorq_schema.kanthorq_task_undo_all(
  bulk_id bigint,
  reason text default null,
  pause interval default null,
  inout updated bigint default null,
  inout skipped bigint default null,
  inout undo_bulk_id bigint default null
)
language plpgsql
as $procedure$
begin
  call kanthorq_schema._kanthorq_task_all(
    'undo', null::pg_catalog.text, null::pg_catalog.text[], null::pg_catalog.text, null::pg_catalog.jsonb, null::pg_catalog.text,
    null::pg_catalog.text, null::pg_catalog.timestamptz, null::pg_catalog.timestamptz, null::pg_catalog.timestamptz,
    null::pg_catalog.timestamptz, null::pg_catalog.bool, null::pg_catalog.int4, null::pg_catalog.int8, pause, reason,
    null::pg_catalog.timestamptz, null::pg_catalog.bool, null::pg_catalog.interval, false, bulk_id, updated, skipped, undo_bulk_id
  );
end
$procedure$;

comment on procedure kanthorq_schema.kanthorq_task_undo_all(bigint, text, interval, bigint, bigint, bigint) is 'Takes a whole bulk back: puts its tasks to what they were before it, where nothing has touched them since, the newest batch first.

bulk_id       a bulk_id, or the id of a single call, of kanthorq_task_operations; the _all calls return it too
reason        why, for the log
pause         the time between two batches; null is twice as long as the batch took, so that workers keep most of the server

Returns one row:
updated       how many tasks are now as they were before the bulk
skipped       how many it left alone, because something has touched them since
undo_bulk_id  the bulk that this undo is in the log, to undo the undo; null if nothing was put back

A bulk that is still at work ends: its next batch raises KQ004.

It commits, so it can''t be called in a transaction. Raises KQ003 for a bad pause, KQ004 if there is no such bulk, KQ001 or KQ002 if
its consumer is gone. Batches that were committed before an error stay; the error''s detail says how many.';

-- function: kanthorq_task_undo_batch
create or replace function
kanthorq_schema.kanthorq_task_undo_batch(
  bulk_id bigint,
  reason text default null,
  inout progress kanthorq_schema.kanthorq_task_progress default null,
  out updated bigint,
  out skipped bigint,
  out total bigint,
  out undo_bulk_id bigint
)
returns record
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
set enable_partition_pruning = off
as $function$
#variable_conflict use_variable
declare
  v_bulk record;
  v_operation_id bigint;
  v_undone record;
begin
  perform kanthorq_schema._kanthorq_check_schema();
  -- Ends the bulk, see _kanthorq_bulk; before its batches are looked up.
  update kanthorq_schema.kanthorq_task_operation o set undone = true where o.id = bulk_id and o.bulk_id is null and not o.undone;
  select o.id, o.bulk_id as first_batch, o.consumer into v_bulk from kanthorq_schema.kanthorq_task_operation o where o.id = bulk_id;
  if v_bulk.id is null then
    raise exception 'there is no bulk %', coalesce(bulk_id::text, 'null')
      using errcode = 'KQ004', hint = 'kanthorq_task_operations() lists them; an old one may have been purged.';
  elsif v_bulk.first_batch is not null then
    raise exception 'operation % is a batch of bulk %', bulk_id, v_bulk.first_batch
      using errcode = 'KQ004',
        hint = format('kanthorq_task_undo_all(%s) takes the whole bulk back, kanthorq_task_undo(%s) this batch.', v_bulk.first_batch, bulk_id);
  end if;
  if progress is null then
    progress := row(null, null, null, kanthorq_schema._kanthorq_now(), 0, 0, 0);
  end if;
  perform kanthorq_schema._kanthorq_check_progress(progress, true);

  select max(o.id) into v_operation_id
  from kanthorq_schema.kanthorq_task_operation o
  where (o.id = bulk_id or o.bulk_id = bulk_id)
    and (progress.position is null or o.id < progress.position::bigint);

  updated := 0;
  skipped := progress.skipped;
  undo_bulk_id := kanthorq_schema._kanthorq_bulk(progress.bulk_id, v_bulk.consumer, 'undo'::text);
  if v_operation_id is not null then
    v_undone := kanthorq_schema._kanthorq_task_undo(v_operation_id, reason, undo_bulk_id);
    updated := cardinality(v_undone.updated);
    skipped := skipped + cardinality(v_undone.noop);
    undo_bulk_id := coalesce(undo_bulk_id, v_undone.undo_id);
  end if;
  total := progress.moved + updated;
  progress := case
    when v_operation_id > bulk_id then row(
      undo_bulk_id, v_operation_id::text, null, progress.started, total, skipped, 0
    )::kanthorq_schema.kanthorq_task_progress
  end;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_undo_batch(bigint, text, kanthorq_schema.kanthorq_task_progress) is 'Does one batch of kanthorq_task_undo_all: undoes one operation of a bulk, the newest first. For programs that make the loop themselves.

bulk_id       a bulk_id, or the id of a single call, of kanthorq_task_operations
reason        why, for the log
progress      null to begin; then what the batch before returned, until that is null

Returns one row:
progress      where the next batch goes on; null when all of the bulk is done
updated       how many tasks this batch put back
skipped       how many tasks all batches so far left alone, because something has touched them since
total         how many tasks all batches so far put back
undo_bulk_id  the bulk that this undo is in the log: kanthorq_task_undo_all takes it to undo the undo

Raises KQ003 for a bad progress, KQ004 if there is no such bulk, KQ001 or KQ002 if its consumer is gone.';

-- function: kanthorq_task_undo_preview
create or replace function
kanthorq_schema.kanthorq_task_undo_preview(
  operation_id bigint,
  out consumer_name text,
  out batches bigint,
  out tasks bigint,
  out by_state jsonb,
  out by_subject jsonb,
  out subjects bigint,
  out changed bigint
)
returns record
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_consumer record;
  v_is_purge boolean;
begin
  perform kanthorq_schema._kanthorq_check_schema();
  select o.consumer, o.action like 'purge%' into consumer_name, v_is_purge
  from kanthorq_schema.kanthorq_task_operation o
  where o.id = operation_id;
  if not found then
    raise exception 'there is no operation %', coalesce(operation_id::text, 'null')
      using errcode = 'KQ004', hint = 'kanthorq_task_operations() lists them; an old one may have been purged.';
  elsif v_is_purge then
    raise exception 'operation % is a purge', operation_id
      using errcode = 'KQ004', hint = 'What it deleted is gone, or in its archive.';
  end if;
  v_consumer := kanthorq_schema._kanthorq_consumer(consumer_name);

  execute format($q$
    with operation as materialized (
      select o.id, o.first_event_id, o.last_event_id, o.changes
      from kanthorq_schema.kanthorq_task_operation o
      where o.id = $1 or o.bulk_id = $1
    ),
    change as materialized (
      select o.id, c.*
      from operation o
      cross join unnest(o.changes) c
    ),
    later as materialized (
      select o.id, coalesce(o.origin, o.id) as chain, l.event_id
      from kanthorq_schema.kanthorq_task_operation o
      cross join unnest(o.changes) l
      where o.consumer = $2 and o.id > $1
        and o.last_event_id >= (select min(f.first_event_id) from operation f)
        and o.first_event_id <= (select max(f.last_event_id) from operation f)
    ),
    moved as materialized (
      select distinct c.event_id
      from change c
      join later l on l.event_id = c.event_id and l.id > c.id
      group by c.event_id, l.chain
      having count(*) %% 2 = 1
    ),
    back as materialized (
      select c.from_state as state, t.subject
      from change c
      join %s t on t.event_id = c.event_id
        and t.state = c.to_state and t.schedule_at = c.to_schedule_at and t.finalized_at = c.to_finalized_at
        and t.attempt_count = c.to_attempt_count and t.updated_at = c.to_updated_at
      where not exists (select from moved m where m.event_id = c.event_id)
    )
    select
      (select count(*) from operation),
      (select count(*) from back),
      (
        select coalesce(jsonb_object_agg(kanthorq_schema._kanthorq_task_state_name(s.state), s.tasks), '{}')
        from (select b.state, count(*) as tasks from back b group by b.state) s
      ),
      (
        select coalesce(jsonb_agg(jsonb_build_object('subject', s.subject, 'tasks', s.tasks) order by s.tasks desc, s.subject), '[]')
        from (select b.subject, count(*) as tasks from back b group by b.subject order by tasks desc, b.subject limit 10) s
      ),
      (select count(distinct b.subject) from back b),
      (select count(*) from change) - (select count(*) from back)
    $q$,
    v_consumer.tasks
  )
  into batches, tasks, by_state, by_subject, subjects, changed
  using operation_id, consumer_name;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_undo_preview(bigint) is 'Says what kanthorq_task_undo or kanthorq_task_undo_all would do now, and changes nothing.

operation_id   an id of kanthorq_task_operations: of a single call, of a bulk, or of a batch of one

Returns one row:
consumer_name  whose tasks they are
batches        how many batches are undone
tasks          how many tasks would be as they were before the operation
by_state       how many of those would be in each state: {"available": 3}
by_subject     the ten subjects with the most of those: [{"subject": "order.created", "tasks": 3}]
subjects       how many different subjects they have
changed        how many tasks would be left alone, because something has touched them since

Raises KQ004 if there is no such operation, KQ001 or KQ002 if its consumer is gone.';

-- rights
do $foreign$
declare
  v_foreign text := (
    select string_agg(p.oid::regprocedure::text, ', ')
    from unnest(array[
      'kanthorq_schema._kanthorq_archive_sql(text, regclass, text)',
      'kanthorq_schema._kanthorq_as_milliseconds(timestamp with time zone)',
      'kanthorq_schema._kanthorq_as_time(bigint)',
      'kanthorq_schema._kanthorq_bulk(bigint, text, text)',
      'kanthorq_schema._kanthorq_check_action(text)',
      'kanthorq_schema._kanthorq_check_can_commit(text, interval)',
      'kanthorq_schema._kanthorq_check_event_ids(text[])',
      'kanthorq_schema._kanthorq_check_filter(text[], text, jsonb, text, text, timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone)',
      'kanthorq_schema._kanthorq_check_name(text, text)',
      'kanthorq_schema._kanthorq_check_progress(kanthorq_schema.kanthorq_task_progress, boolean)',
      'kanthorq_schema._kanthorq_check_purge(text, timestamp with time zone, int, bigint, kanthorq_schema.kanthorq_task_progress)',
      'kanthorq_schema._kanthorq_check_role(text)',
      'kanthorq_schema._kanthorq_check_schema()',
      'kanthorq_schema._kanthorq_check_states(text[])',
      'kanthorq_schema._kanthorq_check_subject(text)',
      'kanthorq_schema._kanthorq_check_subject_filters(text, text[])',
      'kanthorq_schema._kanthorq_check_takes(text, text[], boolean)',
      'kanthorq_schema._kanthorq_claimed_by()',
      'kanthorq_schema._kanthorq_consumer(text)',
      'kanthorq_schema._kanthorq_consumers(text)',
      'kanthorq_schema._kanthorq_crockford(bigint, int)',
      'kanthorq_schema._kanthorq_divide_ids(text[], text[])',
      'kanthorq_schema._kanthorq_doctor_findings()',
      'kanthorq_schema._kanthorq_doctor_installation()',
      'kanthorq_schema._kanthorq_doctor_rights()',
      'kanthorq_schema._kanthorq_doctor_tables()',
      'kanthorq_schema._kanthorq_doctor_tasks(text)',
      'kanthorq_schema._kanthorq_due(text, timestamp with time zone)',
      'kanthorq_schema._kanthorq_error_time(jsonb)',
      'kanthorq_schema._kanthorq_find_table(text)',
      'kanthorq_schema._kanthorq_fingerprint(text)',
      'kanthorq_schema._kanthorq_folded(text)',
      'kanthorq_schema._kanthorq_function_levels()',
      'kanthorq_schema._kanthorq_has_scheduling_index(regclass)',
      'kanthorq_schema._kanthorq_held(text, boolean)',
      'kanthorq_schema._kanthorq_held_cursor()',
      'kanthorq_schema._kanthorq_hold_triggers(regclass)',
      'kanthorq_schema._kanthorq_id(text)',
      'kanthorq_schema._kanthorq_id_time(text)',
      'kanthorq_schema._kanthorq_levels()',
      'kanthorq_schema._kanthorq_names_hint(text, text)',
      'kanthorq_schema._kanthorq_newest_migration()',
      'kanthorq_schema._kanthorq_now()',
      'kanthorq_schema._kanthorq_one_line(text)',
      'kanthorq_schema._kanthorq_only_sql(regclass)',
      'kanthorq_schema._kanthorq_own_tables()',
      'kanthorq_schema._kanthorq_purge_all(text, text, timestamp with time zone, text[], boolean, text, boolean, int, bigint, interval, text, bigint, bigint, bigint, jsonb)',
      'kanthorq_schema._kanthorq_purge_log(text, text, text, bigint, bigint, jsonb, text, text)',
      'kanthorq_schema._kanthorq_purged_to(text)',
      'kanthorq_schema._kanthorq_refuse_claim()',
      'kanthorq_schema._kanthorq_refuse_state(text)',
      'kanthorq_schema._kanthorq_refuse_table(text, text, text)',
      'kanthorq_schema._kanthorq_refuses_claims(regclass)',
      'kanthorq_schema._kanthorq_registered()',
      'kanthorq_schema._kanthorq_reset_rights(jsonb)',
      'kanthorq_schema._kanthorq_revoke_usage(regnamespace, name)',
      'kanthorq_schema._kanthorq_role_levels()',
      'kanthorq_schema._kanthorq_set_claims(regclass, boolean)',
      'kanthorq_schema._kanthorq_set_level(name, text)',
      'kanthorq_schema._kanthorq_shown(text)',
      'kanthorq_schema._kanthorq_stream(text)',
      'kanthorq_schema._kanthorq_subject_pattern(text)',
      'kanthorq_schema._kanthorq_table_fault(regclass, text)',
      'kanthorq_schema._kanthorq_table_repair(regclass)',
      'kanthorq_schema._kanthorq_task_all(text, text, text[], text, jsonb, text, text, timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone, boolean, int, bigint, interval, text, timestamp with time zone, boolean, interval, boolean, bigint, bigint, bigint, bigint)',
      'kanthorq_schema._kanthorq_task_columns_sql()',
      'kanthorq_schema._kanthorq_task_estimate(text)',
      'kanthorq_schema._kanthorq_task_log(bigint, text, text, text, kanthorq_schema.kanthorq_task_change[], bigint, bigint, bigint)',
      'kanthorq_schema._kanthorq_task_matches(kanthorq_schema._kanthorq_task_filter, smallint, text, jsonb, jsonb[], bigint, bigint)',
      'kanthorq_schema._kanthorq_task_report(text, text, text[], int[], text[], text[], bigint, interval)',
      'kanthorq_schema._kanthorq_task_state(text)',
      'kanthorq_schema._kanthorq_task_state_name(smallint)',
      'kanthorq_schema._kanthorq_task_states()',
      'kanthorq_schema._kanthorq_task_takes_sql(text, boolean, boolean)',
      'kanthorq_schema._kanthorq_task_transition(text, text, text[], text, boolean, bigint, boolean, double precision, bigint, bigint)',
      'kanthorq_schema._kanthorq_task_undo(bigint, text, bigint)',
      'kanthorq_schema._kanthorq_task_why(text, timestamp with time zone, timestamp with time zone, smallint, smallint, text, timestamp with time zone)',
      'kanthorq_schema._kanthorq_time_limit(text, timestamp with time zone)',
      'kanthorq_schema._kanthorq_trigger_fault(regclass)',
      'kanthorq_schema._kanthorq_true_cursor(text)',
      'kanthorq_schema._kanthorq_wanted_pattern(text[], text[])',
      'kanthorq_schema.kanthorq_consumer_hold(text, text, boolean)',
      'kanthorq_schema.kanthorq_consumer_list(int)',
      'kanthorq_schema.kanthorq_consumer_register(text, text, text[], text[], int, bigint)',
      'kanthorq_schema.kanthorq_consumer_release(text, text)',
      'kanthorq_schema.kanthorq_doctor()',
      'kanthorq_schema.kanthorq_event_missed(text, timestamp with time zone)',
      'kanthorq_schema.kanthorq_event_purge(text, timestamp with time zone, boolean, text, boolean, int, bigint, interval, text, bigint, bigint, bigint, jsonb)',
      'kanthorq_schema.kanthorq_event_purge_batch(text, timestamp with time zone, boolean, text, boolean, int, bigint, text, kanthorq_schema.kanthorq_task_progress)',
      'kanthorq_schema.kanthorq_grant(text, text)',
      'kanthorq_schema.kanthorq_help()',
      'kanthorq_schema.kanthorq_revoke(text)',
      'kanthorq_schema.kanthorq_stream_publish(text, text, bytea, jsonb)',
      'kanthorq_schema.kanthorq_stream_publish_many(text, text[], bytea[], jsonb[])',
      'kanthorq_schema.kanthorq_stream_register(text)',
      'kanthorq_schema.kanthorq_task_batch(text, text, text[], text, jsonb, text, text, timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone, boolean, int, bigint, text, timestamp with time zone, boolean, interval, boolean, kanthorq_schema.kanthorq_task_progress)',
      'kanthorq_schema.kanthorq_task_cancel(text, text[], text, boolean)',
      'kanthorq_schema.kanthorq_task_cancel_all(text, text[], text, jsonb, text, text, timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone, boolean, int, bigint, interval, text, boolean, bigint, bigint, bigint)',
      'kanthorq_schema.kanthorq_task_complete(text, text[], int[])',
      'kanthorq_schema.kanthorq_task_convert(text, text[], text)',
      'kanthorq_schema.kanthorq_task_count(text, text[], text, jsonb, text, text, timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone)',
      'kanthorq_schema.kanthorq_task_discard(text, text[], text)',
      'kanthorq_schema.kanthorq_task_discard_all(text, text[], text, jsonb, text, text, timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone, boolean, int, bigint, interval, text, bigint, bigint, bigint)',
      'kanthorq_schema.kanthorq_task_errors(text, text[], text, jsonb, text, text, timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone, bigint)',
      'kanthorq_schema.kanthorq_task_explain(text, text[], boolean)',
      'kanthorq_schema.kanthorq_task_extend(text, text[], int[], interval)',
      'kanthorq_schema.kanthorq_task_fail(text, text[], text[], int[], timestamp with time zone, text[])',
      'kanthorq_schema.kanthorq_task_find(text, text[], text, jsonb, text, text, timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone, text, int, boolean)',
      'kanthorq_schema.kanthorq_task_history(text, text)',
      'kanthorq_schema.kanthorq_task_operation_purge(timestamp with time zone)',
      'kanthorq_schema.kanthorq_task_operations(text, text, bigint, int, text, text, text, bigint, boolean, boolean)',
      'kanthorq_schema.kanthorq_task_preview(text, text, text[], text, jsonb, text, text, timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone, bigint, boolean)',
      'kanthorq_schema.kanthorq_task_pull(text, int, text[], interval)',
      'kanthorq_schema.kanthorq_task_purge(text, timestamp with time zone, text[], text, boolean, int, bigint, interval, text, bigint, bigint, bigint, jsonb)',
      'kanthorq_schema.kanthorq_task_purge_batch(text, timestamp with time zone, text[], text, boolean, int, bigint, text, kanthorq_schema.kanthorq_task_progress)',
      'kanthorq_schema.kanthorq_task_rates(text, timestamp with time zone, interval)',
      'kanthorq_schema.kanthorq_task_release(text, text[], int[])',
      'kanthorq_schema.kanthorq_task_resume(text, text[], text, timestamp with time zone, boolean)',
      'kanthorq_schema.kanthorq_task_resume_all(text, text[], text, jsonb, text, text, timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone, boolean, int, bigint, interval, text, timestamp with time zone, boolean, interval, bigint, bigint, bigint)',
      'kanthorq_schema.kanthorq_task_stats(text, boolean)',
      'kanthorq_schema.kanthorq_task_undo(bigint, text)',
      'kanthorq_schema.kanthorq_task_undo_all(bigint, text, interval, bigint, bigint, bigint)',
      'kanthorq_schema.kanthorq_task_undo_batch(bigint, text, kanthorq_schema.kanthorq_task_progress)',
      'kanthorq_schema.kanthorq_task_undo_preview(bigint)'
    ]) s (signature)
    join pg_proc p on p.oid = to_regprocedure(s.signature)
    where pg_get_userbyid(p.proowner) <> current_user
  );
begin
  if v_foreign is not null then
    raise exception 'functions of another role are in the way: %', v_foreign
      using errcode = 'insufficient_privilege', hint = 'Look at them and drop them.';
  end if;
end
$foreign$;

do $rights$
begin
  perform kanthorq_schema._kanthorq_reset_rights(current_setting('kanthorq.levels')::jsonb);
end
$rights$;
$sql$, 'kanthorq_schema', quote_ident(v_schema));

  perform set_config('search_path', v_path, true);
end
$migration$;

-- Down Migration
do $migration$
declare
  v_path text := pg_catalog.current_setting('search_path');
  v_schema text := pg_catalog.current_schema();
begin
  perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
  perform set_config('check_function_bodies', 'off', true);
  v_schema := coalesce(nullif(current_setting('kanthorq.schema', true), ''), v_schema);
  if coalesce(v_schema ~ '[''"$%[:cntrl:]]' or strpos(v_schema, chr(92)) > 0, true) then
    raise exception 'can''t install into schema %', coalesce(quote_literal(v_schema), 'null')
      using errcode = 'KQ003', hint = 'Set search_path to an existing schema without quotes, $, % or backslashes in its name.';
  end if;

  execute replace($sql$
do $release$
declare
  v_consumer text;
begin
  if to_regclass('kanthorq_schema.kanthorq_consumer_hold') is null or not exists (
    select from pg_proc p
    where p.oid = to_regprocedure('kanthorq_schema.kanthorq_consumer_release(text, text)') and pg_get_userbyid(p.proowner) = current_user
  ) then
    return;
  end if;
  with gone as (
    delete from kanthorq_schema.kanthorq_consumer_hold h
    using kanthorq_schema.kanthorq_consumer_registry r
    where r.id = h.consumer_id and kanthorq_schema._kanthorq_find_table(r.id) is null
    returning h.consumer_id, h.cursor
  )
  update kanthorq_schema.kanthorq_consumer_registry r
  set cursor = g.cursor
  from gone g
  where r.id = g.consumer_id and r.cursor = kanthorq_schema._kanthorq_held_cursor();
  for v_consumer in
    select r.name
    from kanthorq_schema.kanthorq_consumer_hold h
    join kanthorq_schema.kanthorq_consumer_registry r on r.id = h.consumer_id
    order by r.name
  loop
    perform kanthorq_schema.kanthorq_consumer_release(v_consumer, 'migrate down');
  end loop;
end
$release$;

do $drop$
declare
  v_functions text := (
    select string_agg(p.oid::regprocedure::text, ', ')
    from pg_proc p
    where p.pronamespace = 'kanthorq_schema'::regnamespace and pg_get_userbyid(p.proowner) = current_user
      and p.proname in ('_kanthorq_archive_sql', '_kanthorq_as_milliseconds', '_kanthorq_as_time', '_kanthorq_bulk', '_kanthorq_check_action', '_kanthorq_check_can_commit', '_kanthorq_check_event_ids', '_kanthorq_check_filter', '_kanthorq_check_name', '_kanthorq_check_progress', '_kanthorq_check_purge', '_kanthorq_check_role', '_kanthorq_check_schema', '_kanthorq_check_states', '_kanthorq_check_subject', '_kanthorq_check_subject_filters', '_kanthorq_check_takes', '_kanthorq_claimed_by', '_kanthorq_consumer', '_kanthorq_consumers', '_kanthorq_crockford', '_kanthorq_divide_ids', '_kanthorq_doctor_findings', '_kanthorq_doctor_installation', '_kanthorq_doctor_rights', '_kanthorq_doctor_tables', '_kanthorq_doctor_tasks', '_kanthorq_due', '_kanthorq_error_time', '_kanthorq_find_table', '_kanthorq_fingerprint', '_kanthorq_folded', '_kanthorq_function_levels', '_kanthorq_has_scheduling_index', '_kanthorq_held', '_kanthorq_held_cursor', '_kanthorq_hold_triggers', '_kanthorq_id', '_kanthorq_id_time', '_kanthorq_levels', '_kanthorq_names_hint', '_kanthorq_newest_migration', '_kanthorq_now', '_kanthorq_one_line', '_kanthorq_only_sql', '_kanthorq_own_tables', '_kanthorq_purge_all', '_kanthorq_purge_log', '_kanthorq_purged_to', '_kanthorq_refuse_claim', '_kanthorq_refuse_state', '_kanthorq_refuse_table', '_kanthorq_refuses_claims', '_kanthorq_registered', '_kanthorq_reset_rights', '_kanthorq_revoke_usage', '_kanthorq_role_levels', '_kanthorq_set_claims', '_kanthorq_set_level', '_kanthorq_shown', '_kanthorq_stream', '_kanthorq_subject_pattern', '_kanthorq_table_fault', '_kanthorq_table_repair', '_kanthorq_task_all', '_kanthorq_task_columns_sql', '_kanthorq_task_estimate', '_kanthorq_task_log', '_kanthorq_task_matches', '_kanthorq_task_report', '_kanthorq_task_state', '_kanthorq_task_state_name', '_kanthorq_task_states', '_kanthorq_task_takes_sql', '_kanthorq_task_transition', '_kanthorq_task_undo', '_kanthorq_task_why', '_kanthorq_time_limit', '_kanthorq_trigger_fault', '_kanthorq_true_cursor', '_kanthorq_wanted_pattern', 'kanthorq_consumer_hold', 'kanthorq_consumer_list', 'kanthorq_consumer_register', 'kanthorq_consumer_release', 'kanthorq_doctor', 'kanthorq_event_missed', 'kanthorq_event_purge', 'kanthorq_event_purge_batch', 'kanthorq_grant', 'kanthorq_help', 'kanthorq_revoke', 'kanthorq_stream_publish', 'kanthorq_stream_publish_many', 'kanthorq_stream_register', 'kanthorq_task_batch', 'kanthorq_task_cancel', 'kanthorq_task_cancel_all', 'kanthorq_task_complete', 'kanthorq_task_convert', 'kanthorq_task_count', 'kanthorq_task_discard', 'kanthorq_task_discard_all', 'kanthorq_task_errors', 'kanthorq_task_explain', 'kanthorq_task_extend', 'kanthorq_task_fail', 'kanthorq_task_find', 'kanthorq_task_history', 'kanthorq_task_operation_purge', 'kanthorq_task_operations', 'kanthorq_task_preview', 'kanthorq_task_pull', 'kanthorq_task_purge', 'kanthorq_task_purge_batch', 'kanthorq_task_rates', 'kanthorq_task_release', 'kanthorq_task_resume', 'kanthorq_task_resume_all', 'kanthorq_task_stats', 'kanthorq_task_undo', 'kanthorq_task_undo_all', 'kanthorq_task_undo_batch', 'kanthorq_task_undo_preview')
  );
begin
  if v_functions is not null then
    execute 'drop routine ' || v_functions;
  end if;
end
$drop$;
$sql$, 'kanthorq_schema', quote_ident(v_schema));

  perform set_config('search_path', v_path, true);
end
$migration$;
