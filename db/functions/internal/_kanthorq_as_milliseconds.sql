-- A time in epoch milliseconds, rounded down.
create or replace function kanthorq_schema._kanthorq_as_milliseconds(moment timestamp with time zone)
returns bigint
language sql
immutable
return floor(extract(epoch from moment) * 1000)::bigint;

comment on function kanthorq_schema._kanthorq_as_milliseconds is 'Internal. A time in epoch milliseconds.';
