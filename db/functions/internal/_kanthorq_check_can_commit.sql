-- level: operator
-- Refuses a pause between batches that is negative or longer than a day, and a call that can't commit. Raises KQ003 or 25001.
--
-- A COMMIT always fails in a block that catches errors, but with a text of its own where the caller is in a transaction. Better now
-- than after the first batch. Where messages are translated, PostgreSQL's own error comes at the COMMIT after that batch.
create or replace procedure kanthorq_schema._kanthorq_check_can_commit(name text, pause interval)
language plpgsql
as $procedure$
begin
  begin
    commit;
  exception when invalid_transaction_termination then
    if sqlerrm operator(pg_catalog.=) 'invalid transaction termination' then
      raise exception '% commits each batch, so it can''t be part of a transaction', name
        using errcode = 'active_sql_transaction',
          hint = 'Call it outside BEGIN and outside a function; or call the function that does one batch in your transaction.';
    end if;
  end;
  if pause operator(pg_catalog.<) interval '0' or pause operator(pg_catalog.>) interval '1 day' then
    raise exception 'pause is %', pause using errcode = 'KQ003', hint = 'Pass an interval of at most a day, or null.';
  end if;
end
$procedure$;

comment on procedure kanthorq_schema._kanthorq_check_can_commit is 'Internal. Refuses a transaction around a call that commits, and a bad pause.';
