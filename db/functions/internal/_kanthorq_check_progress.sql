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
  if progress.started is null or progress.moved is null or progress.skipped is null or progress.spread_step is null
    or of_undo <> (progress.last_position is null) or of_undo and progress.position !~ '^[0-9]{1,18}$'
  then
    raise exception 'progress is not one of this call: %', left(progress::text, 100)
      using errcode = 'KQ003',
        hint = 'Pass null to begin, then the progress that the batch before returned, with the other arguments unchanged.';
  end if;
end
$function$;

comment on function kanthorq_schema._kanthorq_check_progress is 'Internal. Raises KQ003 for a progress that no batch returned.';
