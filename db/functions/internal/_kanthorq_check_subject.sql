-- Refuses a subject of an event that KanthorQ does not accept (xvalidator.RegexSubject, at most 256 characters). Raises KQ003.
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

comment on function kanthorq_schema._kanthorq_check_subject is 'Internal. Raises KQ003 unless the text is a subject that KanthorQ accepts.';
