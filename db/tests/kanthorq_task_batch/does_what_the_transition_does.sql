begin;

-- In each state: one that has attempts left, and one that has none. Of resume, once with all attempts given back.
create temp table call as
select action, action as consumer, to_state, format('%L, %L, everything => true, reason => ''INC-42''', action, action) as arguments
from test.transitions()
union all
select 'resume', 'reset', 'running', '''resume'', ''reset'', everything => true, reset_attempts => true, reason => ''INC-42''';

create temp table task as
select consumer, state, attempts, test.task(test.consumer(consumer, attempt_max => 3), state, attempt_count => attempts) as id
from call,
  unnest(array['discarded', 'cancelled', 'pending', 'available', 'running', 'completed', 'retryable']) state,
  unnest(array[1, 4]) attempts;

-- What happens to each when all ids are named.
create temp table explanation as
select consumer, e.event_id, case action when 'cancel' then can_cancel when 'resume' then can_resume else can_discard end as is_taken
from call c, kanthorq_task_explain(c.consumer, (select array_agg(id) from task t where t.consumer = c.consumer)) e;

create temp table done as
select consumer, max(total) as total from call, test.batches(arguments) group by consumer;

select plan(5);

select results_eq(
  'select consumer, total from done order by consumer',
  $$ values ('cancel', 6::bigint), ('discard', 1), ('reset', 4), ('resume', 4) $$,
  'each action takes as many tasks as it takes when it is given all ids'
);

select results_eq(
  'select consumer, event_id, t.state from call, test.tasks(consumer) t order by consumer, event_id',
  $$ select consumer, event_id, case when is_taken then to_state else state end
     from call join explanation using (consumer) join task using (consumer) where id = event_id order by consumer, event_id $$,
  'and moves the same tasks'
);

select results_eq(
  $$ select call.consumer, task.state, task.attempts, t.attempt_count, t.finalized_at, t.schedule_at > 1000
     from call join task using (consumer), test.tasks(consumer) t
     where action = 'resume' and t.event_id = task.id and t.state <> task.state
     order by 1, 2, 3 $$,
  $$ values
       ('reset', 'cancelled', 1, 0, 0::bigint, true), ('reset', 'cancelled', 4, 0, 0, true),
       ('reset', 'discarded', 1, 0, 0, true), ('reset', 'discarded', 4, 0, 0, true),
       ('resume', 'cancelled', 1, 1, 0, true), ('resume', 'cancelled', 4, 2, 0, true),
       ('resume', 'discarded', 1, 1, 0, true), ('resume', 'discarded', 4, 2, 0, true) $$,
  'what is resumed is due now, and has an attempt left or all of them'
);

select set_eq(
  $$ select o.consumer_name, o.action, o.reason, u.event_id, o.actor, o.undoes
     from kanthorq_task_operations() o, unnest(o.event_ids) u (event_id) $$,
  $$ select consumer, action, 'INC-42', event_id, session_user::text collate "default", null::bigint
     from call join explanation using (consumer) where is_taken $$,
  'the log has what was done, to which tasks, and why'
);

create temp table operation as
select count(*) as n from kanthorq_task_operations();

-- Cancelled tasks that there are not.
create temp table noop as
select * from test.batches('''resume'', ''resume'', ''{cancelled}''');

select is((select count(*) from kanthorq_task_operations()), (select n from operation), 'a batch that finds nothing is not in the log');

select * from finish();

rollback;
