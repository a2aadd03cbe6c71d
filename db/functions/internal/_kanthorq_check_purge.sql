-- Checks what the two purges have in common, and returns their point in time in epoch milliseconds. Raises KQ003.
create or replace function
kanthorq_schema._kanthorq_check_purge(
  name text,
  moment timestamp with time zone,
  batch_size int,
  most bigint,
  progress kanthorq_schema.kanthorq_task_progress
)
returns bigint
language plpgsql
immutable
as $function$
begin
  if moment is null or not isfinite(moment) then
    raise exception '% is %', name, coalesce(moment::text, 'null')
      using errcode = 'KQ003', hint = 'Pass the time up to which rows may go: now() - interval ''30 days''';
  end if;
  if batch_size is null or batch_size < 1 or most < 1 then
    raise exception 'batch_size is %, the most rows are %', coalesce(batch_size::text, 'null'), coalesce(most::text, 'null')
      using errcode = 'KQ003', hint = 'Both have to be at least 1; null for the most rows is no limit.';
  end if;
  if not (progress is null) then
    perform kanthorq_schema._kanthorq_check_progress(progress, false);
  end if;
  return kanthorq_schema._kanthorq_as_milliseconds(moment);
end
$function$;

comment on function kanthorq_schema._kanthorq_check_purge is 'Internal. The time of a purge in epoch milliseconds; KQ003 for a bad argument.';
