begin;

select plan(15);

create temp table consumer as
select action, test.consumer(action, attempt_max => 3) as name
from unnest(array['cancel', 'resume', 'discard']) action;

create temp table task as
select action, test.task(name, state, attempt_count => 5, finalized_at => 7000) as id
from consumer c
join (
  values ('cancel', 'pending'), ('cancel', 'retryable'), ('resume', 'discarded'), ('resume', 'cancelled'), ('discard', 'running')
) v (action, state) using (action);

-- What the table looked like after so many operations of the consumer.
create temp table look as
select action, 0 as operations, t.* from consumer, test.tasks(name) t;

do $$
declare
  v record;
begin
  perform kanthorq_task_cancel('cancel', (select array_agg(id) from task));
  perform kanthorq_task_resume('resume', (select array_agg(id) from task), schedule_at => '2100-01-01');
  perform kanthorq_task_discard('discard', (select array_agg(id) from task));
  insert into look select action, 1, t.* from consumer, test.tasks(name) t;
  for n in 2 .. 5 loop
    perform kanthorq_task_undo(max(o.id), 'undo ' || n) from kanthorq_task_operations() o group by o.consumer_name;
    insert into look select action, n, t.* from consumer, test.tasks(name) t;
  end loop;
end
$$;

-- The table after `now` operations is the table after `then`.
create function pg_temp.same(action text, now int, "then" int)
returns bigint
language sql
as $$
  select count(*) from (
    select event_id, state, schedule_at, finalized_at, attempt_count, updated_at from look l where l.action = same.action and operations = now
    except
    select event_id, state, schedule_at, finalized_at, attempt_count, updated_at from look l where l.action = same.action and operations = "then"
  ) d
$$;

select is(pg_temp.same(action, 1, 0), (select count(*) from task where task.action = c.action), action || ' moves all') from consumer c;

select is(pg_temp.same(action, 2, 0), 0::bigint, action || ': an undo restores what was before') from consumer;

select is(pg_temp.same(action, 3, 1), 0::bigint, action || ': undoing the undo does it again, to the last column') from consumer;

select is(pg_temp.same(action, 4, 0), 0::bigint, action || ': undoing that restores once more') from consumer;

select is(pg_temp.same(action, 5, 1), 0::bigint, action || ': and so on') from consumer;

rollback;
