-- Writes a number in lower-case Crockford base 32, the alphabet of KanthorQ's ids.
--
-- Takes the lowest 5 * digits bits of value and gives exactly that many digits.
create or replace function kanthorq_schema._kanthorq_crockford(value bigint, digits int)
returns text
language plpgsql
immutable
as $function$
declare
  v_text text := '';
begin
  for v_digit in reverse digits - 1..0 loop
    v_text := v_text || substr('0123456789abcdefghjkmnpqrstvwxyz', 1 + (value >> 5 * v_digit & 31)::integer, 1);
  end loop;
  return v_text;
end
$function$;

comment on function kanthorq_schema._kanthorq_crockford is 'Internal. The lowest bits of a number in lower-case Crockford base 32.';
