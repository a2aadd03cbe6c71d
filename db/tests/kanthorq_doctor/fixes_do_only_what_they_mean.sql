-- Names of everything that the doctor speaks of, which end comments, quotes and statements where they are not quoted.
begin;

select test.only_granted();

create temp table odd as
select row_number() over () as n, replace(name, '#', 'drop table public.precious') as name
from (values
  (e'a\n#; --'), (e'a\r\n#; --'), ('a' || test.char(x'2028'::int) || '#; --'), ('a' || test.char(x'85'::int) || '#; --'), (e'\x0b\x0c#'), ('"; #; --'), ('''; #; --'), ('\''; #; --'),
  ('\é['), ('$$; #; $$'), ('$fix$; #; --'), ('*/ #; /*'), ('%s %I %L %1$s %'), (e'\\\n#'), ('a; #')
) v (name);

grant select on odd to public;

select test.consumer('plain');

select test.as_owner('create table public.precious (); create role kanthorq_test_app');

-- For each name a role that owns a function and a stream's table, has rights of ours, and two consumers: one without a table, and one
-- with settings that break KanthorQ's program, without an index, and with tasks that something is wrong with.
select test.as_owner(format(
  $q$
    create role %3$I;
    create function public.%1$I() returns integer language sql as 'select 1';
    alter function public.%1$I() owner to %3$I;
    grant execute on function public.kanthorq_task_count to %3$I;
    grant select on public.kanthorq_task_operation to %3$I;
    grant trigger on public.kanthorq_stream_registry to %3$I;
    insert into public.kanthorq_stream_registry (id, name) values (%4$L, %5$L);
    create table public.%2$I (id varchar, subject varchar, body bytea, metadata jsonb, created_at bigint);
    alter table public.%2$I owner to %3$I;
    insert into public.kanthorq_consumer_registry (stream_id, stream_name, id, name, subject_includes, subject_excludes, cursor)
    values (%4$L, %5$L, %6$L, %7$L, array['>', %8$L], array[%8$L], ''), (%4$L, %5$L, 'gone' || %6$L, 'gone' || %7$L, '{>}', '{}', '');
    update public.kanthorq_consumer_registry set visibility_timeout = 1000 where name = %7$L;
    create table public.%9$I (like %10$s including defaults);
    insert into public.%9$I (event_id, subject, state, attempt_count, schedule_at)
    values ('a' || %8$L, 'a', 1, 0, 0), ('b', 'a', 2, 99, 0), ('c', 'a', 2, 99, 4102444800000)
  $q$,
  'kanthorq_f' || name, 'kanthorq_s' || name, 'kanthorq_test_' || name, 's' || name, 'stream ' || name, 'c' || name, 'consumer ' || name,
  name, 'kanthorq_c' || name, test.task_table('plain')
))
from odd;

create temp table finding as
select row_number() over () as n, d.* from kanthorq_doctor() d;

select plan(5);

select results_eq(
  $$ select "check", count(*)::integer from finding group by "check" order by "check" collate "C" $$,
  format(
    $q$ select "check", case "check" when 'registration' then 2 when 'right not granted' then 2 else 1 end * %s
        from unnest(array[
          'function is not ours', 'last attempt', 'no scheduling index', 'registration', 'right not granted', 'stuck tasks', 'table is gone',
          'table is not ours', 'table is open', 'tasks in available', 'worker can''t acknowledge'
        ]) "check" $q$,
    (select count(*) from odd)
  ),
  'the doctor finds what is wrong with each'
);

select is_empty(
  $$ select detail, fix
     from finding, format(e'[\x01-\x1f\x7f-%s%s%s]', test.char(x'9f'::int), test.char(x'2028'::int), test.char(x'2029'::int)) odd
     where detail ~ odd or fix like '--%' and fix ~ odd $$,
  'details and comments are one line'
);

create temp table state as
select row from test.read($$
  select rolname, rolsuper from pg_roles where rolname ~ '^kanthorq_(f|test_app$)' union all select relname, true from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace $$) row;

-- As \gexec does, but for what can't be in a transaction.
create function pg_temp.apply(fix text)
returns text
language plpgsql
as $$
begin
  perform test.as_owner(replace(fix, 'create index concurrently', 'create index'));
  return 'done';
exception
  when others then
    return sqlstate;
end
$$;

select bag_eq(
  $$ select distinct "check", case when fix like '--%' then 'comment' else pg_temp.apply(fix) end from finding $$,
  $$ values ('function is not ours', 'comment'), ('last attempt', 'comment'), ('no scheduling index', 'done'), ('registration', 'comment'),
       ('registration', 'done'), ('right not granted', 'done'), ('stuck tasks', '25001'), ('table is gone', 'comment'),
       ('table is not ours', 'comment'), ('table is open', 'done'), ('tasks in available', 'comment'), ('worker can''t acknowledge', 'comment') $$,
  'each fix is a comment or works, but for the procedures, which commit'
);

select set_eq(
  $q$ select test.read($$
        select rolname, rolsuper from pg_roles where rolname ~ '^kanthorq_(f|test_app$)' union all select relname, true from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace $$) $q$,
  'select row from state',
  'no role and no table has changed'
);

select set_eq(
  'select "check" from kanthorq_doctor()', $$ select distinct "check" from finding where fix like '--%' or "check" = 'stuck tasks' $$,
  'nothing but what a person has to decide is left'
);

rollback;
