-- The SELECT list that makes a kanthorq_task out of a row t of a consumer's table.
--
-- It wants $1, now in epoch milliseconds, and $2, the consumer's attempt_max. KanthorQ writes 0 where a time is not known
-- yet; here that is null. A state that KanthorQ does not have is shown as its number.
create or replace function kanthorq_schema._kanthorq_task_columns()
returns text
language sql
immutable
security definer
set search_path to pg_catalog, pg_temp
as $function$
select format(
  't.event_id::text, t.subject::text, case t.state %s else t.state::text end, t.state = any (%L) and %s, %s, %s, t.attempt_count::integer,'
  ' $2::integer, %s, t.attempted_error[array_upper(t.attempted_error, 1)] ->> ''error'', t.metadata, %s, %s',
  (select string_agg(format('when %s then %L', s.code, s.name), ' ') from kanthorq_schema._kanthorq_task_states() s),
  d.from_states,
  d.condition,
  kanthorq_schema._kanthorq_as_time('nullif(t.schedule_at, 0)'),
  kanthorq_schema._kanthorq_as_time('nullif(t.finalized_at, 0)'),
  kanthorq_schema._kanthorq_as_time('nullif(t.attempted_at, 0)'),
  kanthorq_schema._kanthorq_as_time('t.created_at'),
  kanthorq_schema._kanthorq_as_time('t.updated_at')
)
from kanthorq_schema._kanthorq_task_action('discard', false) d
$function$;

comment on function kanthorq_schema._kanthorq_task_columns is 'Internal. The SELECT list that makes a kanthorq_task.';

revoke all on function kanthorq_schema._kanthorq_task_columns from public;
