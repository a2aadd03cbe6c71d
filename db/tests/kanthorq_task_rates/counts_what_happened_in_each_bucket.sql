begin;

-- Four minutes before this minute began.
create temp table start as
select (floor(extract(epoch from clock_timestamp()) / 60) * 60 - 240) * 1000 as at;

-- When each was made and finished, in seconds from there, and its errors.
select test.update('send_email', format('created_at = %s, attempted_error = %L', at + made * 1000, errors), test.task(
  test.consumer(), state, finalized_at => case when finished is null then 0 else at + finished * 1000 end::bigint
))
from start, (values
  ('completed', -600, -500, '{}'::jsonb[]),
  ('completed', -600, 10, '{}'),
  ('running', -600, null, array['{"at": "no time"}', '{"at": 1e40}', '{}']::jsonb[]),
  ('discarded', 0, 70, '{}'),
  ('completed', 59, 119, '{}'),
  ('cancelled', 130, 190, '{}'),
  ('retryable', 60, null, '{}'),
  ('pending', 86400, null, '{}')
) v (state, made, finished, errors);

select test.update('send_email', format(
  'attempted_error = array[jsonb_build_object(''at'', %s), jsonb_build_object(''at'', %s)]', at + 65000, at - 65000
), event_id)
from start, test.tasks('send_email') where state = 'discarded';

select plan(7);

select results_eq(
  format($$ select (extract(epoch from r.at) - %s)::integer, arrived, completed, failed, discarded, cancelled, waiting
    from kanthorq_task_rates('send_email', to_timestamp(%s), '1 minute') r limit 4 $$, at / 1000, at / 1000 + 30),
  $$ values
    (0, 2::bigint, 1::bigint, 0::bigint, 0::bigint, 0::bigint, 3::bigint),
    (60, 1, 1, 1, 1, 0, 2),
    (120, 1, 0, 0, 0, 0, 3),
    (180, 0, 0, 0, 0, 1, 2) $$,
  'each minute has what happened in it, and what waited at its end'
)
from start;

select results_eq(
  format($$ select waiting, count(*) from kanthorq_task_rates('send_email', to_timestamp(%s), '1 minute') group by 1 order by 1 desc limit 1 $$,
    at / 1000 + 240),
  $$ values (2::bigint, 1::bigint) $$,
  'one bucket is right, too'
)
from start;

select is(
  (select waiting from kanthorq_task_rates(bucket => '2 hours') order by at desc limit 1),
  (select count(*) - 1 from kanthorq_task_find('send_email') where finalized_at is null),
  'without a name it is all consumers; a task of the future does not wait yet'
);

select throws_ok('select kanthorq_task_rates(' || args || ')', 'KQ003', message, message)
from (values
  ('bucket => ''0.9 s''', 'bucket is 00:00:00.9'), ('bucket => null', 'bucket is null'), ('since => null', 'since is null'),
  ('since => ''infinity''', 'since is infinity')
) v (args, message);

select * from finish();

rollback;
