begin;

select test.consumer(name) from unnest(array['send_email', 'write_invoice']) name;

create temp table task as
select test.task(
  'send_email', 'available', 1,
  attempted_error => array['{"at": 2000, "error": "smtp: no", "stack": "x"}', '{"at": 1e40, "error": "no time"}']::jsonb[]
) as id;

create temp table result as
select c.* from task, kanthorq_task_cancel('send_email', array[id, test.task('send_email', 'pending')], 'INC-1') c;

select kanthorq_task_undo(o.id, 'wrong') from kanthorq_task_operations('send_email') o;

select kanthorq_task_cancel('send_email', array[id], 'INC-2') from task;

select kanthorq_task_resume('send_email', array[id]) from task;

select plan(5);

select results_eq(
  $$ select h.at = 'epoch'::timestamptz + '1 s', h.at = 'epoch'::timestamptz + '2 s', h.what, h.detail, h.actor = session_user, h.reason,
       h.undone, h.operation_id is not null
     from task, kanthorq_task_history(id) h where h.what <> 'now' and h.consumer_name = 'send_email' $$,
  $$ values
    (null::boolean, null::boolean, 'attempt failed', 'no time', null::boolean, null, null::boolean, false),
    (true, false, 'made', 'order.created', null, null, null, false),
    (false, true, 'attempt failed', 'smtp: no', null, null, null, false),
    (false, false, 'cancel', 'from available to cancelled', true, 'INC-1', true, true),
    (false, false, 'undo', format('from cancelled to available, undoes operation %s',
      (select min(o.id) from kanthorq_task_operations('send_email') o)), true, 'wrong', false, true),
    (false, false, 'cancel', 'from available to cancelled', true, 'INC-2', false, true),
    (false, false, 'resume', 'from cancelled to running', true, null, false, true) $$,
  'what KanthorQ did and what was done by calls is in one list'
);

select results_eq(
  $$ select h.consumer_name, h.what, h.detail = e.why from task, kanthorq_task_history(id, 'send_email') h,
       kanthorq_task_explain('send_email', array[id]) e where h.what = 'now' $$,
  $$ values ('send_email', 'now', true) $$,
  'it ends with what explain says of it'
);

create temp table done as
select test.task('write_invoice', 'completed', finalized_at => 5000) as id;

select results_eq(
  $$ select h.consumer_name, h.what, extract(epoch from h.at)::integer from done, kanthorq_task_history(id) h where what <> 'now' $$,
  $$ values ('write_invoice', 'made', 1), ('write_invoice', 'completed', 5) $$,
  'what a worker finished is said'
);

select is_empty($$ select * from kanthorq_task_history('event_unknown') $$, 'an event without tasks has no history');

select throws_ok(
  $$ select * from kanthorq_task_history(null) $$, 'KQ003', 'event_id is null', 'the event has to be named'
);

select * from finish();

rollback;
