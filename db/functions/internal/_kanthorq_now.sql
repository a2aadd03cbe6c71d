-- The clock, in KanthorQ's unit: epoch milliseconds.
create or replace function kanthorq_schema._kanthorq_now()
returns bigint
language sql
volatile
return floor(extract(epoch from clock_timestamp()) * 1000)::bigint;

comment on function kanthorq_schema._kanthorq_now is 'Internal. The current time in epoch milliseconds.';
