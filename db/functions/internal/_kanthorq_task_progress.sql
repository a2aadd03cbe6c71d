-- What the progress of a kanthorq_task_batch says; see there. It comes back from the caller, who may have changed it.
--
-- states is how many states the call walks through. Raises KQ003 for what no such call returns.
create or replace function
kanthorq_schema._kanthorq_task_progress(
  progress jsonb,
  states int,
  out started bigint,
  out done bigint,
  out step double precision,
  out walk int,
  out schedule_at bigint,
  out event_id text
)
returns record
language plpgsql
immutable
security definer
set search_path to pg_catalog, pg_temp
as $function$
begin
  begin
    select p.* into started, done, step, walk, schedule_at, event_id
    from jsonb_to_record(progress) p (
      started bigint, done bigint, step double precision, walk integer, schedule_at bigint, event_id text
    );
  exception when data_exception or invalid_parameter_value then
    started := null;
  end;
  -- Until the year 275760, where JavaScript's dates end.
  if (
    started between 0 and 8640000000000000 and done between 0 and 1000000000000000 and walk between 0 and states
    and coalesce(step between 0 and 3155760000000, true)
  ) is not true then
    raise exception 'progress is not one of this call: %', left(progress::text, 100)
      using errcode = 'KQ003', hint = 'Pass null to begin, then what the batch before returned, with the other arguments unchanged.';
  end if;
end
$function$;

comment on function kanthorq_schema._kanthorq_task_progress is 'Internal. The parts of a progress; KQ003 for one that no batch returned.';

revoke all on function kanthorq_schema._kanthorq_task_progress from public;
