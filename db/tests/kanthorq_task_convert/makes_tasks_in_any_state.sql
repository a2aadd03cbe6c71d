begin;

create temp table event as
select n, kanthorq_stream_publish(test.consumer() || '_stream', 'order.created', 'body') as id from generate_series(0, 7) n;

create temp table wanted as
select n, name
from unnest(array['discarded', 'cancelled', 'pending', 'available', 'running', 'completed', 'retryable']) with ordinality s (name, n);

select plan(7);

select results_eq(
  $$ select t.state from event, kanthorq_task_convert('send_email', array[id]) t where n = 0 $$,
  array['running'],
  'the state is running if none is given: KanthorQ works no other'
);

select results_eq(
  $$ select t.state from wanted join event using (n), kanthorq_task_convert('send_email', array[event.id], wanted.name) t order by n $$,
  'select name from wanted order by n',
  'it is the one that is given, of all seven'
);

select throws_ok(
  format($$ select kanthorq_task_convert('send_email', '{a}', %L) $$, state),
  'KQ003', coalesce(quote_literal(state), 'null') || ' is not a task state',
  format('%L is refused', state)
)
from unnest(array['done', 'Running', '', null]) state;

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

rollback;
