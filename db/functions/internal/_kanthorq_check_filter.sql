-- Checks the arguments of the common filter and makes the filter of them; null if it lets everything through.
--
-- Raises KQ003 for an unknown state, an empty list of states, an empty text, metadata that is no object or has no key, or an
-- infinite time: a filter never means more than was written.
create or replace function
kanthorq_schema._kanthorq_check_filter(
  states text[],
  subject text,
  metadata jsonb,
  error text,
  created_after timestamp with time zone,
  created_before timestamp with time zone
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
  v_filter.error := error;
  if not isfinite(created_after) or not isfinite(created_before) then
    raise exception 'created_after or created_before is infinite'
      using errcode = 'KQ003', hint = 'Pass points in time, or null for no limit.';
  end if;
  -- Rounded up: a task made in a millisecond before a time was made before it.
  v_filter.created_from := ceil(extract(epoch from created_after) * 1000);
  v_filter.created_to := ceil(extract(epoch from created_before) * 1000);
  return case when v_filter is null then null else v_filter end;
end
$function$;

comment on function kanthorq_schema._kanthorq_check_filter is 'Internal. The common filter of its arguments; KQ003 for a bad one, null for an empty one.';
