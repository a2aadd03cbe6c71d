-- A value for a message: quoted, and only its beginning if it is long.
create or replace function kanthorq_schema._kanthorq_shown(value text)
returns text
language plpgsql
immutable
security definer
set search_path to pg_catalog, pg_temp
as $function$
begin
  return case
    when value is null then 'null'
    when length(value) > 100 then quote_literal(left(value, 100)) || '…'
    else quote_literal(value)
  end;
end
$function$;

comment on function kanthorq_schema._kanthorq_shown is 'Internal. A value, quoted and cut short for a message.';

revoke all on function kanthorq_schema._kanthorq_shown from public;
