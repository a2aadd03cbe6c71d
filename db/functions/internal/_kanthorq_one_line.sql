-- A text on one line: characters that end a line, move the cursor or change the direction of text are shown by their codes.
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

comment on function kanthorq_schema._kanthorq_one_line is 'Internal. A text on one line, with codes for its control characters.';
