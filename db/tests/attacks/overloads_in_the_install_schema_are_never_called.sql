begin;

-- Before PostgreSQL 15 anybody may create functions in the schema public. One that has the name of ours, and arguments that fit
-- a call of ours better, would be called instead, as the owner of ours.
create temp table task as
select s.state, test.task(test.consumer(), s.state, attempt_count => 4) as id
from unnest(array['available', 'cancelled', 'running']) s (state);

select kanthorq_task_discard('send_email', (select array_agg(id) from task));

create temp table operation as
select id from kanthorq_task_operations();

create temp table call as
select * from (values
  ('kanthorq_consumer_register', $$ select kanthorq_consumer_register('s'::text, 'c'::text, '{>}'::text[], '{}'::text[], 3::integer, 1000::bigint) $$, null),
  ('kanthorq_doctor', 'select kanthorq_doctor()', null),
  ('kanthorq_grant', $$ select kanthorq_grant('pg_monitor'::text, 'viewer'::text) $$, null),
  ('kanthorq_revoke', $$ select kanthorq_revoke('pg_monitor'::text) $$, null),
  ('kanthorq_stream_publish', $$ select kanthorq_stream_publish('send_email_stream'::text, 'a.b'::text, ''::bytea, '{}'::jsonb) $$, null),
  ('kanthorq_stream_register', $$ select kanthorq_stream_register('s'::text) $$, null),
  ('kanthorq_task_batch', $$ select kanthorq_task_batch('resume'::text, 'send_email'::text, '{cancelled}'::text[], 'order.*'::text, '{}'::jsonb,
    'e'::text, now(), now(), true, 10::integer, 10::bigint, 'r'::text, now(), false, '1 s'::interval, null::jsonb) $$, null),
  ('kanthorq_task_cancel', $$ select kanthorq_task_cancel('send_email'::text, (select array_agg(id) from task), 'r'::text) $$, null),
  ('kanthorq_task_convert', $$ select kanthorq_task_convert('send_email'::text, (select array_agg(id) from task), 'pending'::text) $$, null),
  ('kanthorq_task_count', $$ select kanthorq_task_count('send_email'::text, '{running}'::text[], 'order.*'::text, '{}'::jsonb, 'e'::text, now(), now()) $$, null),
  ('kanthorq_task_discard', $$ select kanthorq_task_discard('send_email'::text, (select array_agg(id) from task), 'r'::text) $$, null),
  ('kanthorq_task_explain', $$ select kanthorq_task_explain('send_email'::text, (select array_agg(id) from task)) $$, null),
  ('kanthorq_task_find', $$ select kanthorq_task_find('send_email'::text, '{running}'::text[], 'order.*'::text, '{}'::jsonb, 'e'::text, now(), now(),
    'a'::text, 10::integer, true) $$, null),
  ('kanthorq_task_operation_purge', $$ select kanthorq_task_operation_purge('2000-01-01'::timestamptz) $$, null),
  ('kanthorq_task_operations', $$ select kanthorq_task_operations('send_email'::text, 'e'::text, 9::bigint, 10::integer) $$, null),
  ('kanthorq_task_resume', $$ select kanthorq_task_resume('send_email'::text, (select array_agg(id) from task), 'r'::text, now(), false) $$, null),
  ('kanthorq_task_stats', $$ select kanthorq_task_stats(null::text) $$, null),
  ('kanthorq_task_undo', $$ select kanthorq_task_undo((select id from operation), 'r'::text) $$, null),
  -- These refuse to be part of a transaction, once they have found each other.
  ('kanthorq_task_all', $$ call kanthorq_task_all('cancel'::text, 'send_email'::text, '{}'::text[], 'a'::text, '{}'::jsonb, 'e'::text, now(), now(), true,
    1::integer, 1::bigint, '1 s'::interval, 'r'::text, now(), false, '1 s'::interval, 0::bigint) $$, '25001'),
  ('kanthorq_task_cancel_all', $$ call kanthorq_task_cancel_all('send_email'::text, '{}'::text[], 'a'::text, '{}'::jsonb, 'e'::text, now(), now(), true,
    1::integer, 1::bigint, '1 s'::interval, 'r'::text, 0::bigint) $$, '25001'),
  ('kanthorq_task_discard_all', $$ call kanthorq_task_discard_all('send_email'::text, '{}'::text[], 'a'::text, '{}'::jsonb, 'e'::text, now(), now(), true,
    1::integer, 1::bigint, '1 s'::interval, 'r'::text, 0::bigint) $$, '25001'),
  ('kanthorq_task_resume_all', $$ call kanthorq_task_resume_all('send_email'::text, '{}'::text[], 'a'::text, '{}'::jsonb, 'e'::text, now(), now(), true,
    1::integer, 1::bigint, '1 s'::interval, 'r'::text, now(), false, '1 s'::interval, 0::bigint) $$, '25001')
) c (name, sql, code);

select plan(2 + (select count(*)::integer from call));

select bag_eq(
  'select name from call',
  $$ select proname::text from pg_proc where pronamespace = 'public'::regnamespace and proname like 'kanthorq\_%' $$,
  'every function is called'
);

-- Those that would be preferred: with one argument of another type, or without those that have a default.
do $$
begin
  perform test.as_owner($overloads$
    do $do$
    declare
      v_overload record;
    begin
      for v_overload in
        with ours as (
          select p.proname as name, p.prokind, p.pronargs::integer as n, p.pronargdefaults::integer as defaults,
            array(select format_type(t, null) from unnest(p.proargtypes) with ordinality a (t, n) order by a.n) as types
          from pg_proc p where p.pronamespace = 'public'::regnamespace and p.proname ~ '^_?kanthorq_'
        )
        select o.name, o.prokind, array_to_string(o.types[:k], ', ') as types from ours o, generate_series(o.n - o.defaults, o.n - 1) k
        union
        select o.name, o.prokind, array_to_string(o.types[:i - 1] || other || o.types[i + 1:], ', ')
        from ours o, generate_series(1, o.n) i,
          unnest(array['text', 'character varying', 'name', 'oid', 'integer', 'anyelement', 'anynonarray']) other
        where other <> o.types[i]
      loop
        execute format(
          'create %s public.%I(%s) %s language plpgsql as %L',
          case v_overload.prokind when 'p' then 'procedure' else 'function' end, v_overload.name, v_overload.types,
          case when v_overload.prokind = 'f' then 'returns text' end, 'begin raise exception ''caught''; end'
        );
      end loop;
    end
    $do$
  $overloads$);
end
$$;

select cmp_ok(
  (select count(*) from pg_proc where pronamespace = 'public'::regnamespace and prosrc like '%caught%'),
  '>', 1000::bigint,
  'there are many to fall for'
);

select case
  when code is null then lives_ok(sql, format('%s calls nobody else''s functions', name))
  else throws_ok(sql, code, null, format('%s calls nobody else''s procedures', name))
end
from call;

select * from finish();

rollback;
