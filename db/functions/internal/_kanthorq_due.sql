-- When tasks are due, in epoch milliseconds. KanthorQ reads 0 as "not yet", and knows no earlier time. Raises KQ003.
create or replace function
kanthorq_schema._kanthorq_due(
  name text,
  schedule_at timestamp with time zone
)
returns bigint
language plpgsql
immutable
as $function$
begin
  if not isfinite(schedule_at) or schedule_at < to_timestamp(0) then
    raise exception '% is %', name, schedule_at
      using errcode = 'KQ003', hint = 'Pass a point in time since 1970, or null.';
  end if;
  return kanthorq_schema._kanthorq_as_milliseconds(schedule_at);
end
$function$;

comment on function kanthorq_schema._kanthorq_due is 'Internal. When tasks are due, in epoch milliseconds; KQ003 for a time before 1970.';
