-- A subject filter as a regular expression, by KanthorQ's rules: `*` is exactly one token, `>` one or more, as the last
-- only; everything else stands for itself, in its own case.
--
-- A filter with `>` anywhere but at the end matches nothing, and neither does an empty one; that is KanthorQ's rule too.
-- Backslashes stand in e'' strings only, which mean the same whatever the caller's standard_conforming_strings is.
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

comment on function kanthorq_schema._kanthorq_subject_pattern is 'Internal. A subject filter of KanthorQ as a regular expression.';
