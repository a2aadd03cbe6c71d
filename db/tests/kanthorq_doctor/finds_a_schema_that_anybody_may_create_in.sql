begin;

select plan(3);

select is_empty('select * from kanthorq_doctor()', 'here nobody but the owner may');

select test.as_owner('grant create on schema public to public');

select results_eq(
  'select * from kanthorq_doctor()',
  $$ values (
       'schema is open', 'error',
       'any role may create objects in schema public, also functions that are called instead of ours',
       'revoke create on schema public from public'
     ) $$,
  'that anybody may is an error'
);

select test.as_owner(fix) from kanthorq_doctor();

select is_empty('select * from kanthorq_doctor()', 'the fix takes the right away');

rollback;
