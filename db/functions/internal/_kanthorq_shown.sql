-- A value for a message or for a comment in SQL: quoted, on one line, and only its beginning if it is long. Characters that end a line,
-- move the cursor or change the direction of text are shown by their codes.
create or replace function kanthorq_schema._kanthorq_shown(value text)
returns text
language plpgsql
immutable
as $function$
begin
  return coalesce(
    quote_literal((
      select string_agg(
        case
          when c.code < 32 or c.code between 127 and 159 or c.code between 8206 and 8207 or c.code between 8232 and 8238
            or c.code between 8294 and 8297 or c.code = 65279
          then '{' || lpad(to_hex(c.code), 4, '0') || '}'
          else c.letter
        end, '' order by c.n
      )
      from (
        select s.letter, ascii(s.letter) as code, s.n
        from string_to_table(left(value, 100), null) with ordinality s (letter, n)
      ) c
    )) || case when length(value) > 100 then '...' else '' end,
    case value when '' then '''''' else 'null' end
  );
end
$function$;

comment on function kanthorq_schema._kanthorq_shown is 'Internal. A value, quoted, on one line and cut short, for a message.';
