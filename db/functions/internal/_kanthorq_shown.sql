-- A value for a message or for a comment in SQL: quoted, on one line, and only its beginning if it is long.
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

comment on function kanthorq_schema._kanthorq_shown is 'Internal. A value, quoted, on one line and cut short, for a message.';
