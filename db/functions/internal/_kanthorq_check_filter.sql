-- Checks the arguments of the common filter and makes the filter of them; null if it lets everything through.
--
-- Raises KQ003 for an unknown state, an empty list of states, an empty text, a text that is no fingerprint, metadata that is no object or
-- has no key, or an infinite time: a filter never means more, or nothing, where something else was written.
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

comment on function kanthorq_schema._kanthorq_check_filter is 'Internal. The common filter of its arguments; KQ003 for a bad one, null for an empty one.';
