begin;

select plan(5);

create function pg_temp.hint_for(name text)
returns text
language plpgsql
as $$
declare
  v_hint text;
begin
  perform kanthorq_task_count(name);
  return null;
exception when sqlstate 'KQ001' then
  get stacked diagnostics v_hint = pg_exception_hint;
  return v_hint;
end
$$;

select is(pg_temp.hint_for('send_email'), 'There is no consumer yet.', 'without consumers it says so');

select test.consumer(name) from unnest(array['send_email', 'send_sms', 'write_invoice']) name;

select is(pg_temp.hint_for('Send_Emial'), 'Names are case-sensitive. Did you mean ''send_email''?', 'the nearest name is offered');

select is(pg_temp.hint_for('invoices'), 'Names are case-sensitive. Did you mean ''write_invoice''?', 'also where a part is missing');

select is(pg_temp.hint_for('x'), 'The consumers are ''send_email'', ''send_sms'', ''write_invoice''.', 'otherwise the names are listed');

select is(pg_temp.hint_for(''), pg_temp.hint_for('x'), 'for an empty name too');

select * from finish();

rollback;
