-- Puts the triggers of a hold on the table of a consumer, or takes them away.
--
-- CREATE and DROP TRIGGER wait for all transactions that have changed the table, and all that come later wait behind them: two seconds
-- at most. Of a partitioned table they lock the partitions in another order than a query does, which could be a deadlock with a puller: LOCK
-- comes first, and takes the table before its partitions.
create or replace function kanthorq_schema._kanthorq_set_claims(name regclass, refused boolean)
returns void
language plpgsql
volatile
as $function$
declare
  v_timeout text := current_setting('lock_timeout');
begin
  perform set_config('lock_timeout', least(nullif(s.setting::integer, 0), 2000)::text, true)
  from pg_settings s
  where s.name = 'lock_timeout';
  execute format('lock table %s in %s mode', name, case when refused then 'share row exclusive' else 'access exclusive' end);
  if refused then
    execute format($q$
      create or replace trigger _kanthorq_refuse_claim before update on %1$s
      for each row when (new.state = %2$s and new.attempt_count > old.attempt_count)
      execute function kanthorq_schema._kanthorq_refuse_claim();
      create or replace trigger _kanthorq_delay_claim before update on %1$s
      execute function kanthorq_schema._kanthorq_refuse_claim()
      $q$,
      name, kanthorq_schema._kanthorq_task_state('running')
    );
  else
    execute format('drop trigger if exists _kanthorq_refuse_claim on %1$s; drop trigger if exists _kanthorq_delay_claim on %1$s', name);
  end if;
  perform set_config('lock_timeout', v_timeout, true);
exception
  when lock_not_available then
    raise exception 'transactions that have changed % go on for too long', name
      using errcode = 'lock_not_available', hint = 'Nothing was changed. Try again, or end these transactions.';
end
$function$;

comment on function kanthorq_schema._kanthorq_set_claims is 'Internal. Puts the triggers of a hold on a table, or takes them away.';
