begin;

select test.consumer();

create temp table send_email as
select test.task_table('send_email')::text as tasks, row ->> 'cursor' as cursor
from test.read('select cursor from kanthorq_consumer_registry') row;

-- What somebody does to a hold, and what the doctor says.
create temp table change (n integer generated always as identity, what text, sql text, finding text);

insert into change (what, sql, finding) values
  ('a dropped trigger', 'drop trigger _kanthorq_refuse_claim on %s', 'is held, but somebody has changed'),
  ('a disabled trigger', 'alter table %s disable trigger _kanthorq_delay_claim', 'is held, but somebody has changed'),
  (
    'a trigger that only has the name',
    'create or replace trigger _kanthorq_refuse_claim before update on %s for each row execute function suppress_redundant_updates_trigger()',
    'is held, but somebody has changed'
  ),
  ('another cursor', 'update kanthorq_consumer_registry set cursor = ''event_1''', 'is held, but somebody has changed'),
  ('a lost hold with its triggers', 'delete from kanthorq_consumer_hold; update kanthorq_consumer_registry set cursor = ''event_1''', 'is not held, but'),
  ('a lost cursor', 'delete from kanthorq_consumer_hold', 'is above every event');

-- One less for the lost cursor, and one more at the end.
select plan(5 * (select count(*)::integer from change));

create function pg_temp.is_repaired(c change)
returns setof text
language plpgsql
as $$
begin
  perform kanthorq_consumer_hold('send_email');
  perform test.as_owner(format(c.sql, (select tasks from send_email)));
  return next matches(
    (select string_agg(detail, ';') from kanthorq_doctor() where "check" = 'hold is broken'), c.finding, 'the doctor finds ' || c.what
  );
  if c.what = 'a lost cursor' then
    return next throws_ok(
      'select kanthorq_consumer_hold(''send_email'')', 'KQ002', 'the cursor of consumer ''send_email'' is lost', 'there is no cursor to keep'
    );
    perform test.as_owner(format('update kanthorq_consumer_registry set cursor = %L', (select cursor from send_email)));
  else
    return next ok(kanthorq_consumer_hold('send_email'), 'hold repairs ' || c.what);
    return next is_empty('select from kanthorq_doctor() where "check" = ''hold is broken''', 'the doctor finds nothing');
  end if;
  return next ok(kanthorq_consumer_release('send_email'), 'release ends it');
  return next is_empty('select from kanthorq_doctor() where "check" ~ ''h[eo]ld''', 'and nothing is left');
  perform test.as_owner(format('update kanthorq_consumer_registry set cursor = %L', (select cursor from send_email)));
end
$$;

select pg_temp.is_repaired(change) from change order by n;

-- Registered anew, it is another consumer, which nobody holds.
select kanthorq_consumer_hold('send_email');

select test.as_owner('delete from kanthorq_consumer_registry');

select test.consumer();

select results_eq(
  'select held from kanthorq_consumer_list()', array[null::text], 'a consumer that was registered anew is not held'
);

select * from finish();

rollback;
