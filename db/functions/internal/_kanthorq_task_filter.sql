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
