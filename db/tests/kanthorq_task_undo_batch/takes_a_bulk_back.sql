begin;

-- With times at their end that undo has to restore, whatever they are.
create temp table task as
select n, test.task(test.consumer(), (array['available', 'pending'])[1 + n % 2], finalized_at => 7000 + n) as id
from generate_series(1, 8) n;

-- What the table looked like at each point.
create temp table look as
select 0 as point, to_jsonb(t) as row from test.tasks('send_email') t;

create temp table bulk as
select max(bulk_id) as id from test.batches('''cancel'', ''send_email'', everything => true, batch_size => 3');

insert into look select 1, to_jsonb(t) from test.tasks('send_email') t;

-- Takes a bulk back, which is the third point, and so on.
create function pg_temp.undo(bulk_id bigint)
returns table (n integer, updated bigint, skipped bigint, total bigint, bulk_id bigint)
language sql
as $$
  select b.* from test.batches(format('%s, ''INC-42''', undo.bulk_id), call => 'kanthorq_task_undo_batch') b
$$;

create temp table undone as
select u.* from bulk, pg_temp.undo(id) u;

insert into look select 2, to_jsonb(t) from test.tasks('send_email') t;

do $$
begin
  for point in 3 .. 4 loop
    perform pg_temp.undo(max(o.bulk_id)) from kanthorq_task_operations() o;
    insert into look select point, to_jsonb(t) from test.tasks('send_email') t;
  end loop;
end
$$;

select plan(7);

select results_eq(
  'select n, updated, skipped, total, bulk_id = first_value(bulk_id) over () from undone',
  $$ values (1, 2::bigint, 0::bigint, 2::bigint, true), (2, 3, 0, 5, true), (3, 3, 0, 8, true) $$,
  'it ends after as many batches as the bulk has, and these are a bulk of their own'
);

select results_eq(
  $$ select o.event_ids, o.action, o.reason from kanthorq_task_operations(each_batch => true) o
     where o.bulk_id = (select max(bulk_id) from undone) order by o.id $$,
  $$ select array_agg(id order by n), 'undo', 'INC-42' from task group by (n - 1) / 3 order by 1 desc $$,
  'each takes back one batch, the newest first'
);

select set_eq(
  format('select row from look where point = %s', point), format('select row from look where point = %s', point % 2), description
)
from (values
  (2, 'all columns of all tasks are restored'),
  (3, 'an undo of the undo does the bulk again, to the last column'),
  (4, 'and an undo of that restores once more')
) v (point, description);

select results_eq(
  'select u.* from bulk, pg_temp.undo(id) u',
  $$ values (1, 0::bigint, 2::bigint, 0::bigint, null::bigint), (2, 0, 5, 0, null), (3, 0, 8, 0, null) $$,
  'what is undone already is skipped, and counted'
);

-- A call by ids, in which one task has been moved since.
create temp table single as
select updated from kanthorq_task_cancel('send_email', (select array_agg(id) from task));

create temp table moved as
select r.updated from task, kanthorq_task_resume('send_email', array[id]) r where n = 1;

select results_eq(
  $$ select u.n, u.updated, u.skipped, u.total
     from kanthorq_task_operations(action => 'cancel', max_operations => 1) o, pg_temp.undo(o.id) u $$,
  $$ values (1, 7::bigint, 1::bigint, 7::bigint) $$,
  'a single call is a bulk of one batch; what was moved since is skipped'
);

rollback;
