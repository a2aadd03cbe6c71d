-- Cancels the tasks whose event ids are on standard input, one a line, any number.
--
--   psql "$DATABASE_URL" -v consumer=send_email -v reason='INC-42' -f cancel-from-file.sql < ids.txt
--
-- Prints the cancelled ids, and their number on standard error. A second run changes nothing.
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
