-- A value for a message: quoted, and only its beginning if it is long.
create or replace function kanthorq_schema._kanthorq_shown(value text)
returns text
language sql
immutable
return case
  when value is null then 'null'
  when length(value) > 100 then quote_literal(left(value, 100)) || '...'
  else quote_literal(value)
end;

comment on function kanthorq_schema._kanthorq_shown is 'Internal. A value, quoted and cut short for a message.';
