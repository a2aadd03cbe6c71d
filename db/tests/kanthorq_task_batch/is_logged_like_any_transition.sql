begin;

select plan(2);

create temp table task as
select state, test.task(test.consumer(), state) as id from unnest(array['discarded', 'cancelled']) state;

create temp table batch as
with recursive batch as (
  select b.* from kanthorq_task_batch('resume', 'send_email', everything => true, reason => 'INC-42') b
  union all
  select b.*
  from batch, kanthorq_task_batch('resume', 'send_email', everything => true, reason => 'INC-42', progress => batch.progress) b
  where batch.progress is not null
)
select * from batch;

select results_eq(
  $$ select o.action, o.consumer_name, o.reason, u.event_id, o.actor, o.undoes
     from kanthorq_task_operations() o, unnest(o.event_ids) u (event_id) order by u.event_id $$,
  $$ select 'resume', 'send_email', 'INC-42', id, session_user::text collate "default", null::bigint from task order by id $$,
  'the log has what was done, to which tasks, and why'
);

create temp table noop as
select * from kanthorq_task_batch('resume', 'send_email', '{cancelled}');

select is(
  (select sum(tasks) from kanthorq_task_operations()),
  2::bigint,
  'a batch that finds nothing is not in the log'
);

select * from finish();

rollback;
