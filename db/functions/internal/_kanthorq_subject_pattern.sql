-- A subject filter as a regular expression, by KanthorQ's rules: `*` is exactly one token, `>` one or more as the last token; all
-- other characters stand for themselves, case-sensitive.
--
-- A filter with `>` before its end matches nothing, nor does an empty one, as in KanthorQ. Backslashes stand in e'' strings, which mean
-- the same under any standard_conforming_strings.
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
