-- Epoch milliseconds as a time.
--
-- A nonsensical value, in nanoseconds perhaps, must not hide the other tasks: it shows as the nearest time up to the year 275760,
-- where JavaScript's dates end.
create or replace function kanthorq_schema._kanthorq_as_time(milliseconds bigint)
returns timestamp with time zone
language sql
immutable
return case
  when milliseconds < 0 then to_timestamp(0)
  when milliseconds > 8640000000000000 then to_timestamp(8640000000000.0)
  else to_timestamp(milliseconds / 1000.0)
end;

comment on function kanthorq_schema._kanthorq_as_time is 'Internal. Epoch milliseconds as a time.';
