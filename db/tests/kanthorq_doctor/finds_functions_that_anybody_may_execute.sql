begin;

select plan(3);

select test.as_owner($sql$
  grant execute on function kanthorq_task_cancel to public;
  grant execute on procedure kanthorq_task_cancel_all to public;
  grant execute on function _kanthorq_task_states to public;
  create function public.somebody_elses() returns integer language sql as 'select 1';
  grant execute on function public.somebody_elses to public;
$sql$);

select results_eq(
  $$ select * from kanthorq_doctor() $$,
  $$ select 'PUBLIC may execute', 'error', 'any role may execute ' || routine,
       'revoke execute on routine ' || routine || ' from public'
     from unnest(array[
       'public._kanthorq_task_states()',
       'public.kanthorq_task_cancel(text,text[],text)',
       (select format('public.kanthorq_task_cancel_all(%s)', string_agg(format_type(t, null), ',' order by n))
        from pg_proc, unnest(proargtypes::oid[]) with ordinality a (t, n)
        where oid = 'public.kanthorq_task_cancel_all'::regproc)
     ]) routine $$,
  'a function, a helper and a procedure of ours are found, and nobody else''s'
);

select test.as_owner(fix) from kanthorq_doctor();

select is_empty($$ select * from kanthorq_doctor() $$, 'the fix takes the right away');

-- As a function is that was made without a REVOKE: it has no list of rights at all.
select test.as_owner('create function public.kanthorq_copy() returns integer language sql as ''select 1''');

select results_eq(
  $$ select detail, fix from kanthorq_doctor() $$,
  $$ values ('any role may execute public.kanthorq_copy()', 'revoke execute on routine public.kanthorq_copy() from public') $$,
  'a function on which nobody ever set a right is found too'
);

rollback;
