-- Discards the stuck tasks of a consumer: running, overdue and out of attempts, so that no worker takes them again. With
-- -v resume=yes it resumes them with one attempt. A slow handler may still work on a stuck task; its acknowledgement then
-- does nothing.
--
--   psql "$DATABASE_URL" -v consumer=send_email -f free-stuck.sql
--   psql "$DATABASE_URL" -v consumer=send_email -v resume=yes -f free-stuck.sql
\set ON_ERROR_STOP on
\if :{?resume}
\else
  \set resume no
\endif

select coalesce(max(id), 0) as last_operation from kanthorq_task_operations(max_operations => 1) \gset
call kanthorq_task_discard_all(:'consumer', everything => true, reason => 'stuck');

\if :resume
  select o.id as discarded_by, cardinality(r.updated) as resumed
  from kanthorq_task_operations(:'consumer') o
  cross join lateral kanthorq_task_resume(:'consumer', o.event_ids, 'was stuck') r
  where o.id > :last_operation and o.action = 'discard' and o.reason = 'stuck';
\endif
