begin;

create temp table consumer as
select test.consumer(attempt_max => 1) as name;

create temp table task as
select n, test.task('send_email', 'discarded', attempt_count => 1, schedule_at => n * 1000, finalized_at => 2000) as id
from generate_series(1, 4) n;

create temp table first as
select * from kanthorq_task_batch('resume', 'send_email', everything => true, batch_size => 2);

-- A worker is quick: it takes the two at once, and fails until they are discarded.
do $$
begin
  while clock_timestamp() <= (select max(to_timestamp(updated_at / 1000.0)) + interval '2 milliseconds' from test.tasks('send_email')) loop
  end loop;
  perform test.fail('send_email', id) from test.pull('send_email') id;
end
$$;

create temp table failed as
select event_id from test.tasks('send_email') t where t.state = 'discarded' and cardinality(t.attempted_error) = 1;

create temp table rest as
select * from test.batches(
  '''resume'', ''send_email'', everything => true, batch_size => 2', (select progress::text from first)
);

select plan(3);

select results_eq('select event_id from failed', 'select id from task where n <= 2', 'what the first batch resumed has failed again');

select is((select max(total) from rest), 4::bigint, 'the batches after it resume the other two');

select results_eq(
  $$ select n, test.state('send_email', id) from task order by n $$,
  $$ values (1, 'discarded'), (2, 'discarded'), (3, 'running'), (4, 'running') $$,
  'and leave the first two where they are'
);

select * from finish();

rollback;
