-- The report of a week: tasks by state, operations, frequent errors, problems.
--
--   psql "$DATABASE_URL" -f weekly-report.sql
--
-- Reads every task once. On a large database, run it on a hot standby or at night.
\set ON_ERROR_STOP on

\echo 'Tasks by consumer and state'
select consumer_name, state, tasks, oldest::date, next_due, stuck from kanthorq_task_stats();

\echo 'Operations of the last seven days'
select consumer_name, action, reason, actor, count(*) as operations, sum(tasks) as tasks
from kanthorq_task_operations(max_operations => 2147483647, with_event_ids => false)
where at > now() - interval '7 days'
group by consumer_name, action, reason, actor
order by tasks desc;

\echo 'The most frequent errors of tasks that were discarded in the last seven days'
select r.name as consumer_name, t.last_error, count(*) as tasks, min(t.event_id) as for_example
from kanthorq_consumer_registry r
cross join lateral kanthorq_task_find(r.name, states => '{discarded}', max_tasks => 2147483647) t
where t.finalized_at > now() - interval '7 days'
group by r.name, t.last_error
order by tasks desc
limit 20;

\echo 'Problems and their repair'
select * from kanthorq_doctor();
