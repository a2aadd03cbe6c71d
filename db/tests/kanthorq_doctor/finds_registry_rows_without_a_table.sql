begin;

select plan(2);

create temp table consumer as
select test.consumer(name) as name from unnest(array['send_email', 'send_sms']) name;

create temp table gone as
select r.row ->> 'name' as name, 'kanthorq_' || (r.row ->> 'id') as table_name
from test.read('select name, id from kanthorq_consumer_registry union all select name, id from kanthorq_stream_registry') r (row)
where r.row ->> 'name' in ('send_email', 'send_sms_stream');

select test.as_owner(format('drop table %I', table_name)) from gone;

select results_eq(
  $$ select * from kanthorq_doctor() $$,
  $$ select
       'table is gone', 'error',
       case name
         when 'send_email' then format('consumer ''send_email'' is registered, but its table public.%s does not exist', table_name)
         else format('stream ''send_sms_stream'' is registered, but its table public.%s does not exist', table_name)
       end,
       case name
         when 'send_email' then
           '-- restore the table from a backup, or: delete from public.kanthorq_consumer_registry where name = ''send_email'''
         else '-- restore the table from a backup, or: delete from public.kanthorq_stream_registry where name = ''send_sms_stream'''
       end
     from gone order by name $$,
  'a consumer and a stream without a table are errors, and a person has to decide'
);

-- What the comments offer.
select test.as_owner(regexp_replace(fix, '^-- .*, or: ', '')) from kanthorq_doctor();

select is_empty($$ select * from kanthorq_doctor() where "check" = 'table is gone' $$, 'the second choice leaves nothing to find');

rollback;
