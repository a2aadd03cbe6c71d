begin;

select plan(4);

-- Along the index, and along the key.
create temp table consumer as
select name, test.consumer(name) from unnest(array['by_index', 'by_key']) name;

do $$
begin
  perform test.as_owner(format('drop index %s', i.indexrelid::regclass))
  from pg_index i where i.indrelid = test.task_table('by_key') and not i.indisprimary;
end
$$;

-- In either state that resume takes, in an order by schedule_at that is not that of the ids; and some that are not meant.
create temp table task as
select
  name, n,
  test.task(
    name, (array['discarded', 'cancelled', 'available'])[1 + n % 3], attempt_count => 1, schedule_at => n * 7 % 11,
    subject => case when n % 4 = 0 then 'order.updated' else 'order.created' end
  ) as id
from consumer, generate_series(1, 40) n;

create temp table batch as
select name, (batch -> 'progress' ->> 'started')::bigint as started, (batch -> 'total')::bigint as total
from consumer, lateral (
  with recursive batch as (
    select to_jsonb(b) as batch
    from kanthorq_task_batch('resume', name, subject => 'order.created', batch_size => 6, spread => '1 hour') b
    union all
    select to_jsonb(b)
    from batch, kanthorq_task_batch(
      'resume', name, subject => 'order.created', batch_size => 6, spread => '1 hour',
      progress => nullif(batch -> 'progress', 'null')
    ) b
    where batch -> 'progress' <> 'null'
  )
  select * from batch
) b;

select is(
  (select max(total) from batch where batch.name = consumer.name),
  (select count(*) from task where task.name = consumer.name and n % 4 > 0 and n % 3 < 2),
  name || ': all are resumed'
)
from consumer;

select results_eq(
  format(
    $$ select t.schedule_at from task join test.tasks(%1$L) t on t.event_id = task.id
       where name = %1$L and t.state = 'running' order by 1 $$,
    name
  ),
  format(
    $$ select (started + i * 3600000 / 20.0)::bigint
       from generate_series(0, 19) i, (select max(started) as started from batch where name = %L) b order by 1 $$,
    name
  ),
  name || ': one in twenty of the hour after the other, from the first batch on, each at a time of its own'
)
from consumer;

select * from finish();

rollback;
