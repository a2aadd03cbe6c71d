begin;

select plan(6);

-- Along the index, and along the key.
create temp table consumer as
select name, test.consumer(name) from unnest(array['by_index', 'by_key']) name;

do $$
begin
  perform test.as_owner(format('drop index %s', i.indexrelid::regclass))
  from pg_index i where i.indrelid = test.task_table('by_key') and not i.indisprimary;
end
$$;

create temp table task as
select name, n, test.task(name, case when n < 4 then 'available' else 'completed' end, schedule_at => n * 1000) as id
from consumer, generate_series(1, 5) n;

create temp table first as
select name, b.* from consumer, kanthorq_task_batch('cancel', name, '{available}', batch_size => 1) b;

-- Tasks that cancel would take, and that come after all others in both orders. One was made, one finished, in a minute.
do $$
begin
  perform test.as_owner(format(
    'update %s set state = public._kanthorq_task_state(''available''), %I = extract(epoch from now() + ''1 minute'') * 1000'
    ' where event_id = %L',
    test.task_table(name), case n when 4 then 'created_at' else 'finalized_at' end, id
  ))
  from task where n > 3;
end
$$;

create temp table rest as
select c.name, b.*
from consumer c, lateral (
  with recursive batch as (
    select f.progress, f.total from first f where f.name = c.name
    union all
    select b.progress, b.total
    from batch, kanthorq_task_batch('cancel', c.name, '{available}', batch_size => 1, progress => batch.progress) b
    where batch.progress is not null
  )
  select * from batch
) b;

select is((select updated from first where first.name = consumer.name), 1::bigint, name || ': there is a first batch')
from consumer;

select is((select max(total) from rest where rest.name = consumer.name), 3::bigint, name || ': the batches after it move the others')
from consumer;

select results_eq(
  format($$ select n from task where name = %L and test.state(name, id) = 'available' order by n $$, name),
  array[4, 5],
  name || ': what was made or finished since is as it was'
)
from consumer;

select * from finish();

rollback;
