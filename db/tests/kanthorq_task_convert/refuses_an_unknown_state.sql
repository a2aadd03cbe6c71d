begin;

select plan(5);

create temp table consumer as
select test.consumer() as name;

select throws_ok(
  $$ select kanthorq_task_convert('send_email', '{a}', 'done') $$,
  'KQ003', $$'done' is not a task state$$,
  'a state that is none is refused'
);

select throws_ok(
  $$ select kanthorq_task_convert('send_email', '{a}', 'Running') $$,
  'KQ003', $$'Running' is not a task state$$,
  'states are case-sensitive'
);

select throws_ok(
  $$ select kanthorq_task_convert('send_email', '{a}', '') $$,
  'KQ003', $$'' is not a task state$$,
  'the empty state is refused'
);

select throws_ok(
  $$ select kanthorq_task_convert('send_email', '{a}', null) $$,
  'KQ003', 'null is not a task state',
  'a null state is refused'
);

create temp table hint (text text);

do $$
declare
  v_hint text;
begin
  perform kanthorq_task_convert('send_email', '{a}', 'done');
exception
  when others then
    get stacked diagnostics v_hint = pg_exception_hint;
    insert into hint values (v_hint);
end
$$;

select results_eq(
  'select text from hint',
  array['The states are discarded, cancelled, pending, available, running, completed, retryable.'],
  'the hint lists the states'
);

select * from finish();

rollback;
