begin;

create temp table consumer as
select name, test.consumer(name, attempt_max => 3) from unnest(array['by_index', 'by_key']) name;

select test.drop_scheduling_index('by_key');

-- 420 tasks of all kinds. Many share a schedule_at, more than a batch holds.
select test.as_owner(format($fill$
  insert into %s
    (event_id, subject, state, schedule_at, finalized_at, attempt_count, attempted_error, metadata, created_at, updated_at)
  select
    'event_' || md5(n::text),
    (array['order.created', 'order.updated', 'order.created.v1', 'order'])[1 + n %% 4],
    s.code,
    n %% 3 * 1000,
    n %% 4 * 1000,
    n %% 5,
    case
      when n %% 11 < 6 then array['{"error": "old: timeout"}', format('{"error": "smtp: refused %%s%%%%"}', n %% 2)]::jsonb[]
      else '{}'
    end,
    jsonb_build_object('customer', (n %% 9)::text, 'region', jsonb_build_object('name', n %% 2)),
    1000 + n,
    1000
  from generate_series(1, 420) n
  join (select code, row_number() over (order by code) as i from public._kanthorq_task_states()) s on s.i = 1 + n / 4 %% 7
$fill$, test.task_table(name)))
from consumer;

create temp table filter as
select action, filter
from test.transitions(),
  unnest(array[
    'subject => ''order.created''',
    'subject => ''order.*''',
    'subject => ''order.>'', error => ''refused 1%''',
    'metadata => ''{"customer": "4"}''',
    'metadata => ''{"region": {"name": 0}}'', subject => ''*.created''',
    'error => ''timeout''',
    'error => ''REFUSED'', finalized_after => ''1970-01-01 00:00:02Z''',
    'fingerprint => ''smtp: refused *%''',
    'finalized_before => ''1970-01-01 00:00:02Z''',
    'created_after => ''1970-01-01 00:00:01.1Z'', created_before => ''1970-01-01 00:00:01.3Z''',
    'subject => ''nothing.like.it'''
  ]) filter
union all
values
  ('cancel', 'states => ''{pending}'''),
  ('cancel', 'states => ''{retryable,available,completed}'', error => ''refused'''),
  ('resume', 'states => ''{cancelled}'', metadata => ''{"customer": "1"}'''),
  ('discard', 'states => ''{running}''');

-- Does all batches and takes everything back. Gives the tasks that were moved.
create function pg_temp.moved(consumer text, action text, filter text, out event_ids text[])
language plpgsql
as $$
begin
  create temp table before as select * from test.tasks(consumer);
  perform test.batches(format('%L, %L, %s, batch_size => 7', action, consumer, filter));
  event_ids := array(
    select before.event_id from before join test.tasks(consumer) t using (event_id) where t is distinct from before order by 1
  );
  raise exception using errcode = 'TT000';
exception when sqlstate 'TT000' then
  null;
end
$$;

-- What find finds, and the action takes.
create function pg_temp.found(consumer text, action text, filter text, out event_ids text[])
language plpgsql
as $$
begin
  execute format(
    'select coalesce(array_agg(f.event_id order by f.event_id), ''{}'')'
    ' from kanthorq_task_find(%1$L, %2$s, max_tasks => 1000) f, test.transitions() a'
    ' where a.action = %3$L and f.state = any (a.from_states) and (f.stuck or %3$L <> ''discard'')',
    consumer, filter, action
  )
  into event_ids;
end
$$;

-- What preview and count should show where these tasks are moved, by what find finds.
create function pg_temp.expected(consumer text, filter text, moved text[], out tasks bigint, out shown jsonb, out all_tasks bigint)
language plpgsql
as $$
begin
  execute format($q$
    with found as (select * from kanthorq_task_find(%1$L, %2$s, max_tasks => 1000)),
      moved as (select * from found where event_id = any ($1)),
      subject as (select subject, count(*) as tasks from moved group by subject)
    select (select count(*) from moved), jsonb_build_object(
      'by_state', (select coalesce(jsonb_object_agg(state, n), '{}') from (select state, count(*) as n from moved group by state) s),
      'by_subject', (select coalesce(jsonb_agg(to_jsonb(s) order by tasks desc, subject), '[]') from subject s),
      'subjects', (select count(*) from subject),
      'first_tasks', (
        select coalesce(jsonb_agg(to_jsonb(f) order by event_id), '[]') from (select * from moved order by event_id limit 5) f
      ),
      'left_out', (
        select coalesce(jsonb_object_agg(state, n), '{}')
        from (select state, count(*) as n from found where event_id <> all ($1) group by state) s
      )
    ), (select count(*) from found)
    $q$, consumer, filter
  )
  into tasks, shown, all_tasks using moved;
end
$$;

create function pg_temp.preview(consumer text, action text, filter text, out tasks bigint, out shown jsonb, out all_tasks bigint)
language plpgsql
as $$
begin
  execute format(
    'select p.tasks, to_jsonb(p) - ''{tasks,matching}''::text[], kanthorq_task_count(%2$L, %3$s)'
    ' from kanthorq_task_preview(%1$L, %2$L, %3$s) p where p.tasks = p.matching',
    action, consumer, filter
  )
  into tasks, shown, all_tasks;
end
$$;

create temp table result as
select name, f.*, pg_temp.found(name, f.action, f.filter) as found, pg_temp.moved(name, f.action, f.filter) as moved
from consumer, filter f;

select plan(75 + 37);

select is(moved, found, format('%s, %s: %s', name, action, filter)) from result;

select results_eq(
  format('select * from pg_temp.preview(%L, %L, %L)', name, action, filter),
  format('select * from pg_temp.expected(%L, %L, %L)', name, filter, moved),
  format('so do preview and count, %s: %s', action, filter)
)
from result where name = 'by_key';

select set_eq(
  'select filter from result where found = ''{}''',
  array['error => ''timeout''', 'subject => ''nothing.like.it'''],
  'each filter lets something through, but for a subject that there is not and an error that is not the last'
);

rollback;
