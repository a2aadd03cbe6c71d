-- Schedules two jobs with pg_cron: discard stuck tasks every ten minutes, and delete log rows after 90 days.
--
--   psql "$DATABASE_URL" -v consumer=send_email -f schedule.sql
--
-- Without pg_cron it prints the jobs, for another scheduler.
\set ON_ERROR_STOP on
\set QUIET on
\pset format unaligned
\pset tuples_only on

select
  format('call kanthorq_task_discard_all(%L, everything => true, reason => %L)', :'consumer', 'stuck') as free_stuck,
  'select kanthorq_task_operation_purge(now() - interval ''90 days'')' as purge,
  exists (select from pg_extension where extname = 'pg_cron') as has_pg_cron
\gset

\if :has_pg_cron
  select cron.schedule('kanthorq: free stuck tasks', '*/10 * * * *', :'free_stuck');
  select cron.schedule('kanthorq: purge the log', '0 4 * * *', :'purge');
\else
  \echo '*/10 * * * *  ' :free_stuck
  \echo '0 4 * * *     ' :purge
\endif
