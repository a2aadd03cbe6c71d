begin;

-- KanthorQ writes plain names and ids. Whatever else somebody puts there is text to us, and nothing that is run.
create temp table odd (n, name, id) as
select row_number() over (), * from (values
  ('''', 'consumer_'''),
  ('"; drop table kanthorq_task_operation; --', 'consumer_"; drop table kanthorq_task_operation; --'),
  ('$$', 'consumer_$$'),
  ('$1', 'consumer_$1'),
  ('%s %I %L %', 'consumer_%s %I %L %'),
  ('\', 'consumer_\'),
  ('a.b', 'consumer_a.b'),
  ('A"B"', 'consumer_A"B"'),
  ('', 'consumer_'),
  (e'line\n-- break', e'consumer_\n-- break'),
  (e's\u0435nd_email', e'consumer_s\u0435nd'), -- a Cyrillic е
  (e'e\u0301', e'consumer_e\u0301'),
  (e'\u00e9', e'consumer_\u00e9'),
  (e'\u202egniliam', e'consumer_\u202e'),
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

select plan(4 + 5 * (select count(*)::integer from odd));

select results_eq(
  format('select event_id, state from kanthorq_task_find(%L)', name),
  format('values (%L, ''available'')', 'event_' || n),
  format('the task of consumer %L is found', left(name, 20))
)
from odd;

select results_eq(
  format('select event_id, can_cancel from kanthorq_task_explain(%L, array[%L])', name, 'event_' || n),
  format('values (%L, true)', 'event_' || n),
  format('it is explained, %L', left(name, 20))
)
from odd;

select results_eq(
  format('select updated, noop from kanthorq_task_cancel(%L, array[%L, ''event_x''])', name, 'event_' || n),
  format('values (array[%L], ''{event_x}''::text[])', 'event_' || n),
  format('it is cancelled, and no other, %L', left(name, 20))
)
from odd;

select results_eq(
  format('select updated from kanthorq_task_batch(''resume'', %L, states => ''{cancelled}'')', name),
  array[1::bigint],
  format('it is resumed in a batch, %L', left(name, 20))
)
from odd;

select results_eq(
  format('select consumer_name, action, event_ids from kanthorq_task_operations(%L)', name),
  format('values (%1$L, ''resume'', array[%2$L]), (%1$L, ''cancel'', array[%2$L])', name, 'event_' || n),
  format('the log has both, %L', left(name, 20))
)
from odd;

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
  $$ select kanthorq_task_count(e'se\u043ed_email') $$,
  'KQ001', e'there is no consumer ''se\u043ed_email''',
  'a name that only looks like another is another'
);

rollback;
