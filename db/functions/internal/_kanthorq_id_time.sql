-- The time in an id of KanthorQ, in epoch milliseconds: the first ten digits of its ULID.
create or replace function kanthorq_schema._kanthorq_id_time(id text)
returns bigint
language sql
immutable
as $function$
select sum((strpos('0123456789abcdefghjkmnpqrstvwxyz', substr(split_part(id, '_', 2), d, 1)) - 1)::bigint << 5 * (10 - d))::bigint
from generate_series(1, 10) d
$function$;

comment on function kanthorq_schema._kanthorq_id_time is 'Internal. The time in an id, in epoch milliseconds.';
