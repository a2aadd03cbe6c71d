-- Refuses a name of a stream or consumer that KanthorQ does not accept (xvalidator.RegexCollectionName, at most 256 characters).
--
-- kind is the argument's name, for the message. Raises KQ003.
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

comment on function kanthorq_schema._kanthorq_check_name is 'Internal. Raises KQ003 unless the text is a name that KanthorQ accepts for a stream or a consumer.';
