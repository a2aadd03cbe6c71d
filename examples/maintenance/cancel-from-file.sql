-- Cancels the tasks whose event ids come on standard input, one on a line; any number of them.
--
--   psql "$DATABASE_URL" -v consumer=send_email -v reason='INC-42' -f cancel-from-file.sql < ids.txt
--
-- Prints what was cancelled, and on standard error how many. Running it again is harmless: what is cancelled already
-- is a no-op.
\set ON_ERROR_STOP on
\set QUIET on
\pset tuples_only on
\pset format unaligned

begin;
create temp table ids (id text) on commit drop;
\copy ids from pstdin

select cardinality(updated) as updated_count, cardinality(noop) as noop_count, updated
from kanthorq_task_cancel(:'consumer', (select coalesce(array_agg(id), '{}') from ids), reason => :'reason')
\gset
commit;

select unnest(:'updated'::text[]);
\warn :updated_count cancelled, :noop_count left alone
