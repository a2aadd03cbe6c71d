begin;

select plan(2);

select is_empty('select from kanthorq_consumer_list()', 'there is none at first');

select test.consumer(name) from unnest(array['write_invoice', 'send_email']) name;

select results_eq(
  'select * from kanthorq_consumer_list()',
  $$ values ('send_email', 'send_email_stream', 3, null::text), ('write_invoice', 'write_invoice_stream', 3, null) $$,
  'each consumer has a row, in the order of their names'
);

select * from finish();

rollback;
