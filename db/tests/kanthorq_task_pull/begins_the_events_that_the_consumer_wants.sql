begin;

select plan(10);

select kanthorq_consumer_register('shop', 'send_email', '{order.>,user.*}', '{order.parked,user.bot}', 3);

create temp table event as
select u.id, u.n
from unnest(kanthorq_stream_publish_many(
  'shop', '{order.paid,order.parked,user.new,user.bot,invoice,order.sent.twice,user.new}', array_fill('x'::bytea, array[7]),
  array_fill('{"customer": "42"}'::jsonb, array[7])
)) with ordinality u (id, n);

create temp table registry as
select * from test.read('select cursor from kanthorq_consumer_registry') r (before);

select results_eq(
  $$ select e.n::int, p.subject, p.attempt, p.metadata from kanthorq_task_pull('send_email', 2) p join event e on e.id = p.event_id order by 1 $$,
  $$ values (1, 'order.paid', 0, '{"customer": "42"}'::jsonb), (3, 'user.new', 0, '{"customer": "42"}'::jsonb) $$,
  'the first that match an include and no exclude'
);

select results_eq(
  $$ select r ->> 'cursor' from test.read('select cursor from kanthorq_consumer_registry') r $$,
  'select id from event where n = 3',
  'the cursor is the last event that was looked at'
);

select results_eq(
  $$ select t.event_id, t.state, t.attempt_count, t.attempted_at, t.schedule_at - t.created_at between 299000 and 301000, t.metadata
     from test.tasks('send_email') t $$,
  $$ select id, 'running', 0, 0::bigint, true, '{"customer": "42"}'::jsonb from event where n in (1, 3) order by 1 $$,
  'the tasks are as KanthorQ makes them'
);

select results_eq(
  $$ select e.n::int from kanthorq_task_pull('send_email', subjects => '{user.>}') p join event e on e.id = p.event_id $$,
  'values (7)',
  'a worker that handles some subjects gets only these'
);

select results_eq(
  $$ select e.n::int, p.attempt from kanthorq_task_pull('send_email') p join event e on e.id = p.event_id $$,
  'values (6, 1)',
  'and leaves the others to other workers, due at once'
);

select results_eq(
  $$ select r ->> 'cursor' from test.read('select cursor from kanthorq_consumer_registry') r $$,
  'select id from event where n = 7',
  'all events have been looked at'
);

-- An event that is committed after younger ones were read.
select test.as_owner(format(
  'insert into %s (id, subject, body) values (%L, ''order.late'', ''late''), (%L, ''invoice'', ''late'')',
  (select r ->> 'name' from test.read('select ''kanthorq_'' || stream_id as name from kanthorq_consumer_registry') r),
  (select left(id, 16) || repeat('0', 16) from event where n = 1), (select left(id, 16) || repeat('0', 15) || '1' from event where n = 1)
));

select is_empty('select * from kanthorq_task_pull(''send_email'', lookback => ''0'')', 'KanthorQ never sees an event behind its cursor');

select results_eq(
  'select subject, body, attempt from kanthorq_task_pull(''send_email'')', $$ values ('order.late', 'late'::bytea, 0) $$,
  'a look behind the cursor finds it'
);

select kanthorq_stream_publish_many('shop', '{order.a,order.b,order.c,user.d,user.e}', array_fill('x'::bytea, array[5]));

select results_eq(
  $$ select array_agg(p.subject) from generate_series(1, 2) n, kanthorq_task_pull('send_email', least(n, 1), '{user.>}') p $$,
  $$ values ('{user.d,user.e}'::text[]) $$,
  'tasks for other workers need no room'
);

select test.as_owner(format(
  $$ insert into %s (id, subject, body)
     select 'event_7' || lpad(n::text, 25, '0'), case when n = 120000 then 'order.last' else 'invoice' end, '' from generate_series(1, 120000) n $$,
  (select r ->> 'name' from test.read('select ''kanthorq_'' || stream_id as name from kanthorq_consumer_registry') r)
));

-- On a slow machine it takes more than one call.
select results_eq(
  $$ select p.subject from generate_series(1, 50) n, kanthorq_task_pull('send_email', least(n, 1), '{order.last}') p $$,
  $$ values ('order.last') $$, 'a worker is given what it takes, whatever it has to pass over'
);

rollback;
