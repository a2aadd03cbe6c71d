-- The time in an id of KanthorQ, in epoch milliseconds: the first ten digits of its ULID.
create or replace function kanthorq_schema._kanthorq_id_time(id text)
returns bigint
language plpgsql
immutable
as $function$
declare
  v_digits text := left(split_part(id, '_', 2), 10);
  v_time bigint := 0::bigint;
begin
  for v_digit in 1..10 loop
    v_time := v_time << 5 | strpos('0123456789abcdefghjkmnpqrstvwxyz', substr(v_digits, v_digit, 1)) - 1;
  end loop;
  return v_time;
end
$function$;

comment on function kanthorq_schema._kanthorq_id_time is 'Internal. The time in an id, in epoch milliseconds.';
