begin;

select test.consumer(name) from unnest(array['write_invoice', 'send_email', 'send_sms']) name;

-- Tasks of two causes and one without an error, in the order of their events; the times are epoch seconds.
create temp table task as
select n, test.task(
  consumer, state, finalized_at => finalized * 1000, subject => subject,
  attempted_error => array(select jsonb_build_object('at', (at || '000')::numeric, 'error', e, 'stack', 'main.go') from unnest(errors) e)
) as id
from (values
  (1, 'send_email', 'discarded', 10, 10::bigint, 'order.created', array['no route', 'smtp: mailbox 1 unavailable']),
  (2, 'send_email', 'discarded', 30, 40, 'order.paid', array['smtp: mailbox 2 unavailable' || repeat(' x', 1000)]),
  (3, 'send_email', 'retryable', 20, 0, 'order.created', array['smtp: mailbox 3 unavailable']),
  (4, 'send_email', 'running', 50, 0, 'order.created', array['smtp: mailbox 4 unavailable', 'no route']),
  (5, 'send_email', 'completed', 60, 70, 'order.created', array['smtp: mailbox 1 unavailable']),
  (6, 'send_email', 'available', 0, 0, 'order.created', '{}'),
  (7, 'write_invoice', 'discarded', 0, 80, 'order.created', array['no route']),
  (8, 'write_invoice', 'discarded', 0, 0, 'order.created', array['no route to 1', 'no route to 2'])
) t (n, consumer, state, at, finalized, subject, errors);

select test.update('write_invoice', 'attempted_at = 90000', id) from task where n = 8;

create function pg_temp.ids(numbers integer[])
returns text[]
language sql
return array(select id from task where n = any (numbers) order by id desc);

create function pg_temp.groups(consumer text)
returns table (consumer_name text, fingerprint text, tasks bigint, first numeric, last numeric, by_state jsonb, by_subject jsonb)
language sql
begin atomic
  select e.consumer_name, e.fingerprint, e.tasks, extract(epoch from e.first_failed_at), extract(epoch from e.last_failed_at),
    e.by_state, e.by_subject
  from kanthorq_task_errors(groups.consumer) e;
end;

create temp view expected as
select *
from (values
  ('send_email', 'smtp: mailbox * unavailable', 3::bigint, 10::numeric, 60::numeric, '{"completed": 1, "discarded": 1, "retryable": 1}'::jsonb,
    '[{"subject": "order.created", "tasks": 3}]'::jsonb),
  ('send_email', 'no route', 1, 50, 50, '{"running": 1}', '[{"subject": "order.created", "tasks": 1}]'),
  ('send_email', left('smtp: mailbox * unavailable' || repeat(' x', 1000), 199), 1, 30, 30, '{"discarded": 1}',
    '[{"subject": "order.paid", "tasks": 1}]'),
  ('write_invoice', 'no route', 1, 80, 80, '{"discarded": 1}', '[{"subject": "order.created", "tasks": 1}]'),
  ('write_invoice', 'no route to *', 1, 90, 90, '{"discarded": 1}', '[{"subject": "order.created", "tasks": 1}]')
) v (consumer_name, fingerprint, tasks, first, last, by_state, by_subject);

select plan(6);

select results_eq(
  $$ select * from pg_temp.groups('send_email') $$, $$ select * from expected where consumer_name = 'send_email' $$,
  'the last errors are grouped by their fingerprints, most tasks first; what failed when is told by the error, or else by the task'
);

select results_eq(
  $$ select * from pg_temp.groups(null) $$, 'select * from expected', 'without a name, all consumers are there, in the order of their names'
);

select results_eq(
  $$ select sample_error, sample_ids, subjects, cut from kanthorq_task_errors('send_email', subject => 'order.created') $$,
  $$ values ('smtp: mailbox 1 unavailable', pg_temp.ids('{1,3,5}'), 1::bigint, false), ('no route', pg_temp.ids('{4}'), 1, false) $$,
  'the sample is of the newest task'
);

select is(
  (select max(length(sample_error)) from kanthorq_task_errors('send_email')), 1000, 'of a long error the sample has the beginning'
);

select is_empty($$ select * from kanthorq_task_errors('send_sms') $$, 'without failures there is no row');

-- 12 subjects, 7 texts.
select test.task('send_sms', 'discarded', subject => 's' || n % 12, attempted_error => array[jsonb_build_object('error', 'no ' || n % 7)])
from generate_series(1, 30) n;

select results_eq(
  $$ select fingerprint, tasks, subjects, jsonb_array_length(by_subject), cardinality(sample_ids), first_failed_at
     from kanthorq_task_errors('send_sms') $$,
  $$ values ('no *', 30::bigint, 12::bigint, 10, 5, null::timestamptz) $$,
  'ten subjects and five samples are listed'
);

select * from finish();

rollback;
