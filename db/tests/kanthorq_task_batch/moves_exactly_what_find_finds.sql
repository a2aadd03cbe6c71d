begin;

select plan(58);

create temp table consumer as
select walk, name, test.consumer(name, attempt_max => 3)
from (values (1, 'by_index'), (0, 'by_key')) v (walk, name);

do $$
begin
  perform test.as_owner(format('drop index %s', i.indexrelid::regclass))
  from pg_index i where i.indrelid = test.task_table('by_key') and not i.indisprimary;
end
$$;

-- 420 tasks of all kinds. Many share a schedule_at, more than a batch holds.
do $$
begin
  perform test.as_owner(format($fill$
    insert into %s
      (event_id, subject, state, schedule_at, attempt_count, attempted_error, metadata, created_at, updated_at)
    select
      'event_' || md5(n::text),
      (array['order.created', 'order.updated', 'order.created.v1', 'order'])[1 + n %% 4],
      s.code,
      n %% 3 * 1000,
      n %% 5,
      case when n %% 11 < 6 then array['{"error": "old: timeout"}', format('{"error": "smtp: refused %%s%%%%"}', n %% 2)]::jsonb[] else '{}' end,
      jsonb_build_object('customer', (n %% 9)::text, 'region', jsonb_build_object('name', n %% 2)),
      1000 + n,
      1000
    from generate_series(1, 420) n
    join (select code, row_number() over (order by code) as i from public._kanthorq_task_states()) s on s.i = 1 + n / 4 %% 7
  $fill$, test.task_table(name)))
  from consumer;
end
$$;

create temp table filter as
select row_number() over () as n, action, filter
from (
  select action, filter
  from unnest(array['cancel', 'resume', 'discard']) action,
    unnest(array[
      'subject => ''order.created''',
      'subject => ''order.*''',
      'subject => ''order.>'', error => ''refused 1%''',
      'metadata => ''{"customer": "4"}''',
      'metadata => ''{"region": {"name": 0}}'', subject => ''*.created''',
      'error => ''timeout''',
      'created_after => ''1970-01-01 00:00:01.1Z'', created_before => ''1970-01-01 00:00:01.3Z''',
      'subject => ''nothing.like.it'''
    ]) filter
  union all
  values
    ('cancel', 'states => ''{pending}'''),
    ('cancel', 'states => ''{retryable,available,completed}'', error => ''refused'''),
    ('resume', 'states => ''{cancelled}'', metadata => ''{"customer": "1"}'''),
    ('discard', 'states => ''{running}''')
) f;

-- Does all batches and takes everything back. Gives the tasks that were moved, and the walk that was taken.
create function pg_temp.moved(consumer text, action text, filter text, out walk integer, out event_ids text[])
language plpgsql
as $$
declare
  v_progress jsonb;
  v_first boolean := true;
begin
  create temp table before as select * from test.tasks(consumer);
  loop
    execute format('select progress from kanthorq_task_batch(%L, %L, %s, batch_size => 7, progress => $1)', action, consumer, filter)
    into v_progress using v_progress;
    walk := coalesce(walk, (v_progress ->> 'walk')::integer);
    exit when v_progress is null;
  end loop;
  event_ids := array(
    select before.event_id from before join test.tasks(consumer) t using (event_id) where t is distinct from before order by 1
  );
  raise exception using errcode = 'TT000';
exception when sqlstate 'TT000' then
  null;
end
$$;

-- What find finds, and the action takes.
create function pg_temp.found(consumer text, action text, filter text)
returns text[]
language plpgsql
as $$
declare
  v_ids text[];
begin
  execute format(
    'select coalesce(array_agg(f.event_id order by f.event_id), ''{}'')'
    ' from kanthorq_task_find(%L, %s, max_tasks => 1000) f where %s',
    consumer, filter,
    case action
      when 'cancel' then 'f.state in (''pending'', ''available'', ''retryable'')'
      when 'resume' then 'f.state in (''discarded'', ''cancelled'')'
      else 'f.stuck'
    end
  )
  into v_ids;
  return v_ids;
end
$$;

create temp table result as
select c.walk, c.name, f.*, pg_temp.found(c.name, f.action, f.filter) as found, m.walk as walked, m.event_ids as moved
from consumer c, filter f, pg_temp.moved(c.name, f.action, f.filter) m;

select is(moved, found, format('%s, %s: %s', name, action, filter)) from result order by name, n;

select is(
  (select array_agg(distinct name) filter (where sign(walked) <> walk) from result),
  null,
  'one consumer was walked along the index, the other along the key'
);

select is(
  (select array_agg(distinct filter) from result where found = '{}'),
  array['error => ''timeout''', 'subject => ''nothing.like.it'''],
  'each filter lets something through, but for a subject that there is not and an error that is not the last'
);

select * from finish();

rollback;
