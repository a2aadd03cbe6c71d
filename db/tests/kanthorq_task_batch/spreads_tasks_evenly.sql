begin;

create temp table consumer as
select name, test.consumer(name) from unnest(array['by_index', 'by_key']) name;

select test.drop_scheduling_index('by_key');

-- In either state that resume takes, in an order by schedule_at that is not that of the ids; and some that are not meant.
create temp table task as
select
  name, n,
  test.task(
    name, (array['discarded', 'cancelled', 'available'])[1 + n % 3], attempt_count => 1, schedule_at => n * 7 % 11,
    subject => case when n % 4 = 0 then 'order.updated' else 'order.created' end
  ) as id
from consumer, generate_series(1, 40) n;

create temp table start as
select floor(extract(epoch from clock_timestamp()) * 1000) as at;

create temp table done as
select name, max(total) as total
from consumer, test.batches(format('''resume'', %L, subject => ''order.created'', batch_size => 6, spread => ''1 hour''', name))
group by name;

select plan(7);

select results_eq(
  'select name, total from done order by name',
  'select name, count(*) from task where n % 4 > 0 and n % 3 < 2 group by name order by name',
  'all are resumed'
);

select set_eq(
  $$ select name, t.schedule_at - first
     from consumer, test.tasks(name) t,
       lateral (select min(schedule_at) as first from test.tasks(name) f where f.state = 'running') f
     where t.state = 'running' $$,
  'select name, (i * 3600000 / 20.0)::bigint from consumer, generate_series(0, 19) i',
  'one in twenty of the hour after the other, each at a time of its own'
);

select results_eq(
  $$ select bool_and(first between at and extract(epoch from clock_timestamp()) * 1000)
     from start, consumer, lateral (select min(schedule_at) as first from test.tasks(name) t where t.state = 'running') f $$,
  array[true],
  'the first is due when the first batch began'
);

-- From a time on: as many as may be resumed have the second to themselves.
create temp table later (name text, pace text, due bigint[]);

insert into later values
  ('several', 'batch_size => 3, max_tasks => 7, spread => ''1 second''', '{0,143,286,429,571,714,857}'),
  ('alone', 'max_tasks => 1, spread => ''1 day''', '{0}'),
  ('together', 'max_tasks => 3', '{0,0,0}');

create temp table cancelled as
select test.tasks_in_bulk(test.consumer(name), 'cancelled', 11) from later;

create temp table resumed as
select b.* from later, test.batches(format('''resume'', %L, ''{cancelled}'', %s, schedule_at => ''2100-01-01 00:00Z''', name, pace)) b;

select results_eq(
  format('select t.schedule_at - 4102444800000 from test.tasks(%L) t where t.state = ''running'' order by 1', name),
  format('select unnest(%L::bigint[])', due),
  format('with %s they are due so many milliseconds after schedule_at: %s', pace, due)
)
from later;

create temp table spent as
select reset, test.task(test.consumer('reset_' || reset), 'discarded', attempt_count => 5) as id from unnest(array[false, true]) reset;

create temp table given_back as
select b.* from spent, test.batches(format('''resume'', %L, ''{discarded}'', reset_attempts => %L', 'reset_' || reset, reset)) b;

select results_eq(
  $$ select t.attempt_count from spent, test.tasks('reset_' || reset) t order by reset $$, array[2, 0],
  'what is resumed in a batch has one attempt left, or all if told so'
);

rollback;
