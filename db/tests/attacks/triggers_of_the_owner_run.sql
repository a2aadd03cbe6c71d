begin;

create temp table task as
select n, test.task(test.consumer(), s.state) as id
from unnest(array['available', 'available', 'cancelled', 'cancelled', 'available', 'available']) with ordinality s (state, n);

grant select on task to public;

create function pg_temp.trigger(body text)
returns void
language plpgsql
as $$
begin
  perform test.as_owner(format(
    'create or replace function public.kanthorq_test_trigger() returns trigger language plpgsql as %L;'
    ' grant execute on function public.kanthorq_test_trigger to public;'
    ' create or replace trigger kanthorq_test before update on %s for each row execute function public.kanthorq_test_trigger()',
    body, test.task_table('send_email')
  ));
end
$$;

-- Keeps every other task as it is.
select pg_temp.trigger(format(
  'begin return case when new.event_id = any (%L) then new end; end', (select array_agg(id::varchar) from task where n % 2 = 1)
));

select plan(11);

create temp table before as
select * from test.tasks('send_email');

select results_eq(
  format('select updated, noop from test.move(%L, ''send_email'', (select array_agg(id order by n) from task where n in (%s, %s)))', action, n, n + 1),
  format('select array[a.id], array[b.id] from task a, task b where a.n = %s and b.n = %s', n, n + 1),
  format('to %s, a task that a trigger keeps as it is is a no-op', action)
)
from (values ('cancel', 1), ('resume', 3)) v (action, n);

select results_eq(
  $$ select updated, total from kanthorq_task_batch('cancel', 'send_email', states => '{available}') $$,
  'values (1::bigint, 1::bigint)',
  'a batch counts only what it moved'
);

select results_eq(
  'select event_ids from kanthorq_task_operations() order by id',
  $$ select array[id] from task where n in (1, 3, 5) order by n $$,
  'and only that is in the log'
);

select bag_eq(
  'select event_id from (select * from test.tasks(''send_email'') except select * from before) changed',
  'select id from task where n in (1, 3, 5)',
  'nothing else has changed'
);

-- As many tables have one.
select pg_temp.trigger('begin new.updated_at := 9999999999999; return new; end');

select results_eq(
  $$ select updated from kanthorq_task_cancel('send_email', (select array_agg(id) from task where n = 2)) $$,
  $$ select array[id] from task where n = 2 $$,
  'a trigger may write what it likes'
);

select results_eq(
  $$ select cardinality(u.updated), cardinality(u.noop)
     from kanthorq_task_undo((select max(id) from kanthorq_task_operations())) u $$,
  'values (1, 0)',
  'what a trigger wrote during an operation counts as the operation''s own: undo takes it back'
);

-- Its names are found by the functions' search_path, not by the caller's.
select test.as_owner('create table public.kanthorq_test_history (event_id text)');

select pg_temp.trigger('begin insert into kanthorq_test_history values (old.event_id); return new; end');

select throws_ok(
  $$ select kanthorq_task_cancel('send_email', (select array_agg(id) from task)) $$,
  '42P01', 'relation "kanthorq_test_history" does not exist',
  'a trigger function that names a table without its schema fails'
);

select test.as_owner('alter function public.kanthorq_test_trigger() set search_path = public');

select results_eq(
  $$ select cardinality(updated) from kanthorq_task_resume('send_email', (select array_agg(id) from task where n = 1)) $$,
  array[1],
  'with a search_path of its own it works'
);

select pg_temp.trigger('begin raise exception ''not this one'' using errcode = ''P9999''; end');

create temp table untouched as
select * from test.tasks('send_email');

select throws_ok(
  $$ select kanthorq_task_cancel('send_email', (select array_agg(id) from task)) $$,
  'P9999', 'not this one',
  'what a trigger raises is passed on'
);

select results_eq(
  'select * from test.tasks(''send_email'')',
  'select * from untouched',
  'and nothing has changed then'
);

rollback;
