-- The SELECT list that makes a kanthorq_task of a row t of a consumer's table.
--
-- KanthorQ writes 0 for a time that is not known yet; here that is null. $1 is now in epoch milliseconds, $2 the consumer's
-- attempt_max.
create or replace function kanthorq_schema._kanthorq_task_columns_sql()
returns text
language plpgsql
immutable
as $function$
begin
  return format($q$
    t.event_id::text,
    t.subject::text,
    kanthorq_schema._kanthorq_task_state_name(t.state),
    %s,
    kanthorq_schema._kanthorq_as_time(nullif(t.schedule_at, 0)),
    kanthorq_schema._kanthorq_as_time(nullif(t.finalized_at, 0)),
    t.attempt_count::integer,
    $2::integer,
    kanthorq_schema._kanthorq_as_time(nullif(t.attempted_at, 0)),
    t.attempted_error[array_upper(t.attempted_error, 1)] ->> 'error',
    t.metadata,
    kanthorq_schema._kanthorq_as_time(t.created_at),
    kanthorq_schema._kanthorq_as_time(t.updated_at)
    $q$,
    kanthorq_schema._kanthorq_task_takes_sql('discard', false, false)
  );
end
$function$;

comment on function kanthorq_schema._kanthorq_task_columns_sql is 'Internal. The SELECT list that makes a kanthorq_task.';
