-- Writes a number in lower-case Crockford base 32, the alphabet of KanthorQ's ids.
--
-- Takes the lowest 5 * digits bits of value and gives exactly that many digits.
create or replace function kanthorq_schema._kanthorq_crockford(value bigint, digits int)
returns text
language sql
immutable
as $function$
select string_agg(
  substr('0123456789abcdefghjkmnpqrstvwxyz', 1 + (value >> 5 * (digits - d) & 31)::integer, 1), '' order by d)
from generate_series(1, digits) d
$function$;

comment on function kanthorq_schema._kanthorq_crockford is 'Internal. The lowest bits of a number in lower-case Crockford base 32.';
