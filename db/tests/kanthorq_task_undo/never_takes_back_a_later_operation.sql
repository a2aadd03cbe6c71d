-- Columns alone do not tell which operation was the last: they can be the same after two of them.
begin;

create temp table task as
select test.tasks_in_bulk(test.consumer('ahead'), 'cancelled', 1) as id;

-- Where updated_at is ahead of the server's clock, each resume to a fixed time leaves the same columns. So do two in one
-- millisecond.
select test.update('ahead', 'updated_at = 9000000000000, finalized_at = 777');

create temp table step (n integer generated always as identity, what text, updated integer, look jsonb);

-- Operations have the numbers in which they came; undo '1' takes the first back.
create function pg_temp.run(steps text[])
returns void
language plpgsql
as $$
declare
  v_step text;
  v_updated text[];
begin
  foreach v_step in array steps loop
    if v_step = 'resume' then
      select r.updated into v_updated from kanthorq_task_resume('ahead', (select array[id] from task), schedule_at => '2001-01-01') r;
    else
      select u.updated into v_updated
      from kanthorq_task_undo((
        select o.id from kanthorq_task_operations('ahead') o order by o.id offset v_step::integer - 1 limit 1
      )) u;
    end if;
    insert into step (what, updated, look) select v_step, cardinality(v_updated), to_jsonb(t) from test.tasks('ahead') t;
  end loop;
end
$$;

select plan(4);

select pg_temp.run('{resume,1,resume,1,2,3,3,1,2}');

select results_eq(
  'select what, updated from step order by n',
  $$ values
       ('resume', 1), ('1', 1), ('resume', 1), ('1', 0), ('2', 0), ('3', 1), ('3', 0), ('1', 0), ('2', 1) $$,
  'an operation that is undone takes back no later one that looks the same; its undo can be undone when the later one is'
);

select is(
  (select count(distinct look) from step), 2::bigint, 'all of them look the same'
);

-- A worker fails between two cancels that write the same.
create temp table failed as
select test.task(test.consumer('failed'), 'available') as id;

do $$
begin
  perform test.update('failed', 'updated_at = 9000000000000');
  perform kanthorq_task_cancel('failed', array[id]) from failed;
  perform kanthorq_task_resume('failed', array[id]) from failed;
  perform test.fail('failed', id) from failed;
  perform kanthorq_task_cancel('failed', array[id]) from failed;
  perform test.as_owner(format(
    'update %s set finalized_at = (select (changes[1]).to_finalized_at from kanthorq_task_operation where consumer = ''failed'' limit 1)',
    test.task_table('failed')
  ));
end
$$;

select results_eq(
  $$ select cardinality(u.updated), t.updated_at
     from (select min(id) as id from kanthorq_task_operations('failed')) o, kanthorq_task_undo(o.id) u, test.tasks('failed') t $$,
  $$ values (0, 9000000000003) $$,
  'updated_at grows with each operation, and tells them apart'
);

-- A trigger that sets updated_at makes two resumes look the same, with a cancel between them.
create temp table fixed as
select test.task(test.consumer('fixed'), 'cancelled') as id;

do $$
begin
  perform test.as_owner('create function public.fix() returns trigger language plpgsql as ''begin new.updated_at := 5; return new; end''');
  perform test.as_owner(format(
    'create trigger fix before update on %s for each row execute function public.fix()', test.task_table('fixed')
  ));
  perform kanthorq_task_resume('fixed', array[id], schedule_at => '2001-01-01') from fixed;
  perform test.update('fixed', 'state = public._kanthorq_task_state(''retryable'')');
  perform kanthorq_task_cancel('fixed', array[id]) from fixed;
  perform kanthorq_task_resume('fixed', array[id], schedule_at => '2001-01-01') from fixed;
end
$$;

select results_eq(
  $$ select cardinality(u.updated), t.state
     from (select min(id) as id from kanthorq_task_operations('fixed')) o, kanthorq_task_undo(o.id) u, test.tasks('fixed') t $$,
  $$ values (0, 'running') $$,
  'an operation with a later one on the same task that is in effect takes nothing back'
);

rollback;
