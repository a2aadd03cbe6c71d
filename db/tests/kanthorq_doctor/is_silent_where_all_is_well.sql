begin;

select plan(2);

select is_empty($$ select * from kanthorq_doctor() $$, 'a new database is healthy');

create temp table task as
select test.task(test.consumer(consumer), state, attempt_count => 3) as id
from
  unnest(array['send_email', 'send_sms']) consumer,
  unnest(array['discarded', 'cancelled', 'pending', 'running', 'completed', 'retryable']) state
union all
select test.task('send_email', 'running', attempt_count => 4, schedule_at => 4102444800000);

select is_empty($$ select * from kanthorq_doctor() $$, 'so is one with consumers and tasks in good order');

rollback;
