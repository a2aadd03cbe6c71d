-- Discards the stuck tasks of a consumer: running, overdue and out of attempts, so that no worker takes them again. With
-- -v resume=yes it resumes them with one attempt. A slow handler may still work on a stuck task; its acknowledgement then
-- does nothing.
--
--   psql "$DATABASE_URL" -v consumer=send_email -f free-stuck.sql
--   psql "$DATABASE_URL" -v consumer=send_email -v resume=yes -f free-stuck.sql
--
-- Prints how many it discarded and skipped, and how many it resumed.
\set ON_ERROR_STOP on
\if :{?resume}
\else
  \set resume no
\endif

call kanthorq_task_discard_all(:'consumer', everything => true, reason => 'stuck') \gset
select :updated as discarded, :skipped as skipped;

-- Nothing was discarded if there is no bulk.
\if :{?bulk_id}
\if :resume
  select cardinality(updated) as resumed
  from kanthorq_task_resume(
    :'consumer', (select event_ids from kanthorq_task_operations(bulk_id => :bulk_id)), 'was stuck'
  );
\endif
\endif
