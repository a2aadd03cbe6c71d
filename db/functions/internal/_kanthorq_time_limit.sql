-- The limit of a period in epoch milliseconds, rounded up: what was done in a millisecond before a time was done before it. Raises KQ003
-- for an infinite one.
create or replace function
kanthorq_schema._kanthorq_time_limit(
  parameter text,
  moment timestamp with time zone
)
returns bigint
language plpgsql
immutable
as $function$
begin
  if not isfinite(moment) then
    raise exception '% is infinite', parameter
      using errcode = 'KQ003', hint = 'Pass a point in time, or null for no limit.';
  end if;
  return ceil(extract(epoch from moment) * 1000);
end
$function$;

comment on function kanthorq_schema._kanthorq_time_limit is 'Internal. The limit of a period in epoch milliseconds; KQ003 if it is infinite.';
