-- The trigger that stands on the table of a held consumer: no worker claims a task.
--
-- For each row that a worker claims it returns null, so that the row stays as it is. The pullers try again at once, so before the next
-- statement of the same session, while it has no row locked, it sleeps for a second. A worker runs it with its own rights and search_path,
-- also while a migration replaces the functions: it calls none of ours.
create or replace function kanthorq_schema._kanthorq_refuse_claim()
returns trigger
language plpgsql
volatile
as $function$
begin
  if tg_level = 'ROW' then
    perform pg_catalog.set_config('kanthorq.claim_refused', 'yes', false);
  elsif pg_catalog.current_setting('kanthorq.claim_refused', true) operator(pg_catalog.=) 'yes' then
    perform pg_catalog.set_config('kanthorq.claim_refused', '', false), pg_catalog.pg_sleep(1);
  end if;
  return null;
end
$function$;

comment on function kanthorq_schema._kanthorq_refuse_claim is 'Internal. The trigger on the table of a held consumer: no worker claims a task.';
