begin;

create temp table task as
select action, n, test.task(test.consumer(action), from_state, attempt_count => 4) as id from test.transitions(), generate_series(1, 4) n;

-- Of resume, all arguments by position too.
insert into task
select 'resume', 5, test.task('resume', 'discarded');

create temp table call as
select t.action, t.id, v.reason, v.description,
  format('select updated, noop from %I(%s)', 'kanthorq_task_' || t.action, format(v.arguments, t.action, t.id)) as call
from task t join (values
  (1, '%1$L, array[%2$L], ''INC-42''', 'INC-42', 'a reason may be given'),
  (2, '%1$L, array[%2$L], null', null, 'a reason may be null'),
  (3, 'reason => ''it''''s "over"; really'', event_ids => array[%2$L], consumer => %1$L', 'it''s "over"; really',
    'arguments may be named, in any order'),
  (4, 'consumer => %1$L, event_ids => array[%2$L]', null, 'a reason may be left out'),
  (5, '%1$L, array[%2$L], ''INC-42'', timestamptz ''2001-09-09 01:46:40+00'', true', 'INC-42', 'all may be given by position')
) v (n, arguments, reason, description) using (n);

select plan(2 * (select count(*)::integer from call));

select results_eq(call, format('values (array[%L], ''{}''::text[])', id), format('%s: %s', action, description)) from call;

select is(
  (select array_agg(coalesce(o.reason, 'null')) from kanthorq_task_operations(event_id => id) o),
  array[coalesce(reason, 'null')],
  format('%s: the log has the reason that was given, if any: %s', action, reason)
)
from call;

rollback;
