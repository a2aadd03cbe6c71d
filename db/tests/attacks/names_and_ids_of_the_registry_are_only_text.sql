begin;

-- KanthorQ writes plain names and ids. Whatever else somebody puts there is text to us, and nothing that is run.
create temp table odd (n, name, id) as
select row_number() over (), * from (values
  ('''', 'consumer_'''),
  ('"; drop table kanthorq_task_operation; --', 'consumer_"; drop table kanthorq_task_operation; --'),
  ('$$', 'consumer_$$'),
  ('$6', 'consumer_$6'),
  ('%s %I %L %', 'consumer_%s %I %L %'),
  ('\', 'consumer_\'),
  ('a.b', 'consumer_a.b'),
  ('A"B"', 'consumer_A"B"'),
  ('', 'consumer_'),
  (e'line\n-- break', e'consumer_\n-- break'),
  ('s' || test.char(x'435'::int) || 'nd_email', 'consumer_s' || test.char(x'435'::int) || 'nd'), -- a Cyrillic e
  ('e' || test.char(x'301'::int), 'consumer_e' || test.char(x'301'::int)),
  (test.char(x'e9'::int), 'consumer_' || test.char(x'e9'::int)),
  (test.char(x'202e'::int) || 'gniliam', 'consumer_r' || test.char(x'202e'::int)),
  (repeat('x', 256), 'consumer_' || repeat('x', 45))
) v;

grant select on odd to public;

select test.consumer();

do $$
declare
  v_odd record;
begin
  for v_odd in table odd loop
    perform test.as_owner(format(
      'create table public.%1$I (like %2$s including all);'
      ' insert into public.%1$I (event_id, subject, state) values (%3$L, ''order.created'', _kanthorq_task_state(''available''));'
      ' insert into kanthorq_consumer_registry (stream_id, stream_name, id, name, subject_includes, cursor)'
      ' values (''stream_x'', ''x'', %4$L, %5$L, ''{>}'', '''')',
      'kanthorq_' || v_odd.id, test.task_table('send_email'), 'event_' || v_odd.n, v_odd.id, v_odd.name
    ));
  end loop;
end
$$;

-- In this order. %1$L is the consumer, %2$L its task.
create temp table call (n integer, description text, call text, result text);

insert into call values
  (1, 'the task is found', 'select event_id, state from kanthorq_task_find(%1$L)', 'values (%2$L, ''available'')'),
  (2, 'it is explained', 'select event_id, can_cancel from kanthorq_task_explain(%1$L, array[%2$L])', 'values (%2$L, true)'),
  (3, 'it is cancelled, and no other',
    'select updated, noop from kanthorq_task_cancel(%1$L, array[%2$L, ''event_x''])', 'values (array[%2$L], ''{event_x}''::text[])'),
  (4, 'it is resumed in a batch',
    'select updated from kanthorq_task_batch(''resume'', %1$L, states => ''{cancelled}'', spread => ''1 minute'')', 'values (1::bigint)'),
  (5, 'the log has both', 'select consumer_name, action, event_ids from kanthorq_task_operations(%1$L)',
    'values (%1$L, ''resume'', array[%2$L]), (%1$L, ''cancel'', array[%2$L])');

select plan(4 + 5 * (select count(*)::integer from odd));

select results_eq(
  format(call, name, 'event_' || odd.n), format(result, name, 'event_' || odd.n), format('%s, of consumer %L', description, left(name, 20))
)
from call, odd order by call.n;

select bag_eq(
  $$ select consumer_name, tasks from kanthorq_task_stats() where state = 'running' $$,
  'select name, 1::bigint from odd',
  'the overview has each of them'
);

select is_empty(
  $$ select detail from kanthorq_doctor() where "check" = 'table is gone' $$,
  'none of their tables is missed'
);

select is(
  (select count(*) from kanthorq_task_operations(max_operations => 1000)),
  (select 2 * count(*) from odd),
  'the log is there'
);

select throws_ok(
  $$ select kanthorq_task_count('se' || test.char(x'43e'::int) || 'd_email') $$,
  'KQ001', format('there is no consumer ''se%sd_email''', test.char(x'43e'::int)),
  'a name that only looks like another is another'
);

rollback;
