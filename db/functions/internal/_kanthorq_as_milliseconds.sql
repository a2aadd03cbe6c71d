-- A time in epoch milliseconds, rounded up: a task made within the millisecond before a time was made before it.
create or replace function
kanthorq_schema._kanthorq_as_milliseconds(
  moment timestamp with time zone
)
returns bigint
language sql
immutable return cast(ceil(extract('epoch' from moment) * 1000)
as bigint);;;

comment on function kanthorq_schema._kanthorq_as_milliseconds is 'Internal. A time in epoch milliseconds.';
