-- Resumes all discarded tasks whose last error contains a text, spread over a time.
--
--   psql "$DATABASE_URL" -v consumer=send_email -v error='connection refused' -v spread='1 hour' -f resume-failed.sql
--
-- Commits every 1000 tasks. A second run continues.
\set ON_ERROR_STOP on

select kanthorq_task_count(:'consumer', states => '{discarded}', error => :'error') as to_resume;
call kanthorq_task_resume_all(
  :'consumer', states => '{discarded}', error => :'error', spread => :'spread', reason => 'failed with: ' || :'error'
);
