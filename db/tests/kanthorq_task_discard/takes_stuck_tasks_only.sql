begin;

select plan(3);

-- The first is stuck; each of those that follow lacks one thing, or has it only just not.
create temp table task as
select v.*, test.task(
  test.consumer(), state, attempt_count => attempt_count,
  schedule_at => floor(extract(epoch from clock_timestamp() + due) * 1000)::bigint
) as id
from (values
  ('stuck', 'running', 4, interval '-1 hour'),
  ('stuck for a second', 'running', 4, interval '-1 second'),
  ('more than stuck', 'running', 32767, interval '-1 day'),
  ('on its last attempt', 'running', 3, interval '-1 hour'),
  ('never tried', 'running', 0, interval '-1 hour'),
  ('held by a worker', 'running', 4, interval '1 hour'),
  ('held for another minute', 'running', 4, interval '1 minute'),
  ('neither', 'running', 3, interval '1 hour'),
  ('retryable', 'retryable', 4, interval '-1 hour'),
  ('available', 'available', 4, interval '-1 hour'),
  ('pending', 'pending', 4, interval '-1 hour'),
  ('discarded', 'discarded', 4, interval '-1 hour'),
  ('cancelled', 'cancelled', 4, interval '-1 hour'),
  ('completed', 'completed', 4, interval '-1 hour')
) v (name, state, attempt_count, due);

create temp table before as
select * from test.tasks('send_email');

select results_eq(
  $$ select updated, noop from kanthorq_task_discard('send_email', (select array_agg(id order by id) from task)) $$,
  $$ select array_agg(id order by id) filter (where name ~ 'stuck'), array_agg(id order by id) filter (where name !~ 'stuck')
     from task $$,
  'only running tasks that are overdue and have spent their attempts are discarded'
);

select results_eq(
  $$ select t.* from test.tasks('send_email') t join task on id = t.event_id and name !~ 'stuck' order by 1 $$,
  $$ select b.* from before b join task on id = b.event_id and name !~ 'stuck' order by 1 $$,
  'the others are as they were'
);

select results_eq(
  $$ select t.state, t.attempt_count from test.tasks('send_email') t join task on id = t.event_id and name ~ 'stuck' order by t.event_id $$,
  $$ values ('discarded', 4), ('discarded', 4), ('discarded', 32767) $$,
  'those are discarded, and their attempts still counted'
);

select * from finish();

rollback;
