begin;

-- The first are stuck; each of those that follow lacks one thing, or has it only just not.
create temp table task as
select v.*, test.task(
  test.consumer('max_' || attempt_max, attempt_max), state, attempt_count => attempt_count,
  schedule_at => floor(extract(epoch from clock_timestamp() + due) * 1000)::bigint
) as id
from (values
  ('stuck', 3, 'running', 4, interval '-1 hour'),
  ('stuck for a second', 3, 'running', 4, interval '-1 second'),
  ('more than stuck', 3, 'running', 32767, interval '-1 day'),
  ('stuck after two attempts', 1, 'running', 2, interval '-1 hour'),
  ('on its last attempt', 3, 'running', 3, interval '-1 hour'),
  ('on its last attempt of 16', 16, 'running', 16, interval '-1 hour'),
  ('on the last attempt that can be counted', 32767, 'running', 32767, interval '-1 hour'),
  ('never tried', 3, 'running', 0, interval '-1 hour'),
  ('held by a worker', 3, 'running', 4, interval '1 hour'),
  ('held for another minute', 3, 'running', 4, interval '1 minute'),
  ('neither', 3, 'running', 3, interval '1 hour'),
  ('retryable', 3, 'retryable', 4, interval '-1 hour'),
  ('available', 3, 'available', 4, interval '-1 hour'),
  ('pending', 3, 'pending', 4, interval '-1 hour'),
  ('discarded', 3, 'discarded', 4, interval '-1 hour'),
  ('cancelled', 3, 'cancelled', 4, interval '-1 hour'),
  ('completed', 3, 'completed', 4, interval '-1 hour')
) v (name, attempt_max, state, attempt_count, due);

create temp table found as
select event_id from (select distinct attempt_max from task) m, kanthorq_task_find('max_' || attempt_max) where stuck;

create temp table done as
select d.* from (select distinct attempt_max from task) m,
  kanthorq_task_discard('max_' || attempt_max, (select array_agg(id order by id) from task t where t.attempt_max = m.attempt_max)) d;

select plan(3);

select set_eq('select unnest(updated) from done', 'select id from task where name ~ ''stuck''', 'only stuck tasks are discarded');

select set_eq('select unnest(noop) from done', 'select id from task where name !~ ''stuck''', 'the others are no-ops');

select set_eq('select * from found', 'select id from task where name ~ ''stuck''', 'those are the ones that find calls stuck');

rollback;
