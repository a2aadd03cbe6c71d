begin;

select plan(3);

create temp table consumer as
select test.consumer(attempt_max => 1) as name;

create temp table task as
select n, test.task('send_email', 'discarded', attempt_count => 1, schedule_at => n * 1000, finalized_at => 2000) as id
from generate_series(1, 4) n;

create temp table first as
select * from kanthorq_task_batch('resume', 'send_email', everything => true, batch_size => 2);

-- A worker is quick: it takes the two at once, and fails.
do $$
begin
  while clock_timestamp() <= (select max(to_timestamp(updated_at / 1000.0)) + interval '2 milliseconds' from test.tasks('send_email')) loop
  end loop;
  perform test.fail('send_email', id) from test.pull('send_email') id;
end
$$;

select is(
  (select count(*) from test.tasks('send_email') t where t.state = 'discarded' and t.attempt_count = 2),
  2::bigint,
  'what the first batch resumed has failed again'
);

create temp table rest as
with recursive batch as (
  select progress, updated, total from first
  union all
  select b.*
  from batch, kanthorq_task_batch('resume', 'send_email', everything => true, batch_size => 2, progress => batch.progress) b
  where batch.progress is not null
)
select * from batch;

select is((select max(total) from rest), 4::bigint, 'the batches after it resume the other two');

select results_eq(
  $$ select n, test.state('send_email', id) from task order by n $$,
  $$ values (1, 'discarded'), (2, 'discarded'), (3, 'running'), (4, 'running') $$,
  'and leave the first two where they are'
);

select * from finish();

rollback;
