begin;

create temp table consumer as
select * from kanthorq_consumer_register('orders', 'send_email', '{>}');

select plan(3);

select throws_ok(
  format($$ select kanthorq_event_missed('send_email', '%s') $$, since), 'KQ003', 'since is infinite', 'since is not ' || since
)
from unnest(array['infinity', '-infinity']) since;

select test.as_owner(format('drop table %I', 'kanthorq_' || stream_id)) from consumer;

select throws_ok(
  $$ select kanthorq_event_missed('send_email') $$,
  'KQ002', (select format('the table public.kanthorq_%s of stream ''orders'' is gone', stream_id) from consumer),
  'a consumer whose stream''s table was dropped is broken'
);

select * from finish();

rollback;
