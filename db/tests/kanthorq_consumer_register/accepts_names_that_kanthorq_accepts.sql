begin;

select plan(1);

select results_eq(
  $$ select r.name::text, r.id ~ '^consumer_[0-9a-hjkmnp-tv-z]{26}$'
     from unnest(array['event', 'event_log', 'EVENT1', '1', 'a_b_c', repeat('n', 256)]) with ordinality i (name, n),
       kanthorq_consumer_register('event_log', i.name, '{>}') r
     order by n $$,
  $$ values ('event', true), ('event_log', true), ('EVENT1', true), ('1', true), ('a_b_c', true), (repeat('n', 256), true) $$,
  'letters, digits and single underscores between them make a name, up to 256 characters'
);

select * from finish();

rollback;
