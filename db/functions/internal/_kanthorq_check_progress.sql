-- Refuses a progress that no batch of the same kind returned. Raises KQ003. Its parts are typed; last_position is null for undo only.
create or replace function
kanthorq_schema._kanthorq_check_progress(
  progress kanthorq_schema.kanthorq_task_progress,
  of_undo boolean
)
returns void
language plpgsql
immutable
as $function$
begin
  if (
    progress.started between 0 and 8640000000000000 and progress.moved between 0 and 1000000000000000
    and progress.skipped between 0 and 1000000000000000 and progress.found between 0 and 1000000000000000
    and of_undo = (progress.last_position is null) and (not of_undo or coalesce(progress.position, '0') ~ '^[0-9]{1,18}$')
  ) is not true then
    raise exception 'progress is not one of this call: %', left(progress::text, 100)
      using errcode = 'KQ003',
        hint = 'Pass null to begin, then the progress that the batch before returned, with the other arguments unchanged.';
  end if;
end
$function$;

comment on function kanthorq_schema._kanthorq_check_progress is 'Internal. Raises KQ003 for a progress that no batch returned.';
