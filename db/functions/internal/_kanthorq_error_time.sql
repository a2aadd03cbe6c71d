-- When an attempt failed, by its error, in epoch milliseconds. Null if the error has no valid time: KanthorQ does not check it.
create or replace function kanthorq_schema._kanthorq_error_time(failure jsonb)
returns bigint
language sql
immutable
return case
  when jsonb_typeof(failure -> 'at') = 'number' and (failure ->> 'at')::numeric between 1 and 253402300799999
  then (failure ->> 'at')::numeric::bigint
end;

comment on function kanthorq_schema._kanthorq_error_time is 'Internal. When an attempt failed, in epoch milliseconds; null if its error does not say.';
