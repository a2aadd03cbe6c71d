-- Cancels the pending, available and retryable tasks of a consumer that are older than an age.
--
--   psql "$DATABASE_URL" -v consumer=send_email -v age='7 days' -f cancel-older-than.sql
--   psql "$DATABASE_URL" -v consumer=send_email -v age='7 days' -v subject='order.>' -f cancel-older-than.sql
--
-- Commits every 1000 tasks. A second run continues.
\set ON_ERROR_STOP on
\if :{?subject}
\else
  \set subject '>'
\endif

select now() - :'age'::interval as before \gset
call kanthorq_task_cancel_all(
  :'consumer', subject => :'subject', created_before => :'before', reason => 'older than ' || :'age'
);
