begin;

select test.only_granted();

create temp table consumer as
select test.consumer() as name;

-- Sets a scene, says whether the only finding is that the index is missing, and what else would repair it than a new index.
create function pg_temp.finds(scene text, is_missing boolean, description text, fix text default null)
returns text
language plpgsql
as $$
declare
  v_table text := (select relname from pg_class where oid = test.task_table('send_email'));
begin
  perform test.as_owner(replace(scene, '<table>', v_table));
  return results_eq(
    'select * from kanthorq_doctor()',
    format(
      $q$ select 'no scheduling index', 'warning',
            'consumer ''send_email'' has no usable index on (state, schedule_at): workers and bulk calls look at the whole table', %L
          where %L $q$,
      replace(coalesce(fix, 'create index concurrently <table>_scheduling on public.<table> (state, schedule_at, event_id)'), '<table>', v_table),
      is_missing
    ),
    description
  );
end
$$;

-- Nothing is made concurrently in a transaction, as this test is one.
create function pg_temp.repair()
returns void
language sql
as $$ select test.as_owner(replace(fix, 'concurrently ', '')) from kanthorq_doctor() $$;

select plan(11);

select pg_temp.finds('', false, 'a new consumer has its index');

select pg_temp.finds('drop index <table>_scheduling', true, 'a consumer without one is found, and can get one while workers go on');

select pg_temp.finds(
  'create index i1 on <table> (state); create index i2 on <table> (state, event_id); create index i3 on <table> (schedule_at, state);
   create index i4 on <table> (event_id, state, schedule_at); create index i5 on <table> (state, schedule_at) where state = 2;
   create index i6 on <table> using brin (state, schedule_at)',
  true, 'other indexes do not help'
);

select pg_temp.repair();

select pg_temp.finds('', false, 'the fix makes a good one');

-- As an interrupted CREATE INDEX CONCURRENTLY leaves it.
select pg_temp.finds(
  'update pg_index set indisvalid = false where indexrelid = ''<table>_scheduling''::regclass',
  true, 'an invalid index is as good as none; its name is taken, so it is made anew',
  'reindex index concurrently public.<table>_scheduling'
);

select pg_temp.finds(
  'alter index <table>_scheduling rename to idx_state_scheduling', true, 'an invalid one of another name is in nobody''s way'
);

select pg_temp.finds(
  'drop index idx_state_scheduling; create index idx_state_scheduling on <table> (state, schedule_at)',
  false, 'KanthorQ''s own index is as good'
);

select pg_temp.finds(
  'drop index idx_state_scheduling; create index "Some Other" on <table> (state, schedule_at, updated_at, event_id)',
  false, 'and so is any that begins with those two columns'
);

-- The partitions have names that tables of consumers could have.
select pg_temp.finds(
  'create table public.template (like <table> including defaults); drop table <table>;
   create table public.<table> (like public.template including defaults, primary key (event_id)) partition by hash (event_id);
   create table public.kanthorq_consumer_00000000000000000000000000 partition of <table> for values with (modulus 2, remainder 0);
   create table public.kanthorq_consumer_00000000000000000000000001 partition of <table> for values with (modulus 2, remainder 1)',
  true, 'PostgreSQL makes no index of a partitioned table concurrently; its partitions are nothing to report',
  'create index <table>_scheduling on public.<table> (state, schedule_at, event_id)'
);

select pg_temp.repair();

select pg_temp.finds('', false, 'then the consumer is well');

select results_eq(
  $$ select i.indisvalid
     from pg_inherits p join pg_index i on i.indrelid = p.inhrelid and not i.indisprimary
     where p.inhparent = test.task_table('send_email') $$,
  array[true, true],
  'and each partition has the index'
);

rollback;
