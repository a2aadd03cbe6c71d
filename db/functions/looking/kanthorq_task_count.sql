-- level: viewer
-- Counts the tasks of a consumer that a filter matches. Looks at all of them; with states, an index on the state helps.
create or replace function
kanthorq_schema.kanthorq_task_count(
  consumer text,
  states text[] default null,
  subject text default null,
  metadata jsonb default null,
  error text default null,
  fingerprint text default null,
  created_after timestamp with time zone default null,
  created_before timestamp with time zone default null,
  finalized_after timestamp with time zone default null,
  finalized_before timestamp with time zone default null
)
returns bigint
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_consumer record := kanthorq_schema._kanthorq_consumer(consumer);
  v_count bigint;
begin
  execute format($q$
    select count(*)
    from %s t
    where kanthorq_schema._kanthorq_task_matches(
      $1, t.state, t.subject::text, t.metadata, t.attempted_error, t.created_at, t.finalized_at
    )
    $q$,
    v_consumer.tasks
  )
  into v_count
  using kanthorq_schema._kanthorq_check_filter(
    states, subject, metadata, error, fingerprint, created_after, created_before, finalized_after, finalized_before
  );
  return v_count;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_count is 'Counts the tasks of a consumer that a filter matches.

consumer          name of the consumer
states            only tasks in one of these states: pending, available, running, completed, retryable, discarded, cancelled
subject           only tasks whose subject this filter matches: * is one token, > at the end is one or more
metadata          only tasks whose metadata contains this: {"customer": "42"}
error             only tasks whose last error contains this text, upper and lower case alike
fingerprint       only tasks whose last error has this fingerprint: see kanthorq_task_errors
created_after     only tasks made at this time or later
created_before    only tasks made before this time
finalized_after   only tasks completed, cancelled or discarded at this time or later
finalized_before  only tasks completed, cancelled or discarded before this time

Raises KQ001 if there is no such consumer, KQ002 if its table is gone, KQ003 for a bad filter.';
