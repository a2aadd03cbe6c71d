-- A bit of everything, that can be looked at and put back: what hostile calls are tried on. Loaded into the schema `hostile`,
-- after the fixtures.
create schema hostile;

-- Two tasks in each state, two that are stuck, and two that an operation has cancelled.
create table hostile.task as
select k.kind, test.task(
  'send_email', case k.kind when 'stuck' then 'running' when 'undoable' then 'available' else k.kind end,
  attempt_count => case k.kind when 'stuck' then 4 else 1 end,
  schedule_at => case k.kind when 'running' then 9e12::bigint else 1000 end,
  subject => case n when 1 then 'order-eu.created' else 'order.paid.v1' end,
  attempted_error => array['{"at": 1, "error": "smtp: connection refused", "stack": ""}'::jsonb]
) as id
from (
  select s.name from public._kanthorq_task_states() s union all values ('stuck'), ('undoable')
) k (kind), generate_series(1, 2) n, test.consumer('send_email');

select from public.kanthorq_task_cancel('send_email', (select array_agg(id) from hostile.task where kind = 'undoable'), 'why');

-- Another event, of which there is no task yet.
create table hostile.event as
select public.kanthorq_stream_publish('send_email_stream', 'order-eu.created', 'body') as id;

-- Copies of all tables, by their names.
create schema hostile_copy;

do $$
declare
  v_table regclass;
begin
  for v_table in
    select oid from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition
  loop
    execute format('create table hostile_copy.%1$I as select * from public.%1$I', v_table::text);
  end loop;
end
$$;

-- One row: a digest for each of these tables, one for the names of all, and one for the grants.
do $$
begin
  execute format(
    'create view hostile.look as select'
    ' (select md5(string_agg(c.relname, '' '' order by c.oid)) from pg_class c'
    '   where c.relnamespace = ''public''::regnamespace) as tables,'
    ' (select md5(string_agg(p.proacl::text, '' '' order by p.oid)) from pg_proc p'
    '   where p.pronamespace = ''public''::regnamespace) as grants,'
    ' %s',
    (
      select string_agg(
        format('(select md5(string_agg(t::text, '' '' order by t::text)) from public.%1$I t) as %1$I', c.relname), ', '
      )
      from pg_class c where c.relnamespace = 'hostile_copy'::regnamespace
    )
  );
end
$$;

-- Puts back what has changed: tables by name, `tables` for those that are new, `grants` for those of a role.
create function hostile.restore(changed text[], role text)
returns void
language plpgsql
as $$
declare
  v_part text;
begin
  foreach v_part in array changed loop
    if v_part = 'grants' then
      perform public.kanthorq_revoke(role);
    elsif v_part = 'tables' then
      execute (
        select string_agg(format('drop table public.%I', c.relname), '; ') from pg_class c
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
          and to_regclass(format('hostile_copy.%I', c.relname)) is null
      );
    else
      execute format('delete from public.%I', v_part);
      execute format('insert into public.%1$I overriding system value select * from hostile_copy.%1$I', v_part);
    end if;
  end loop;
end
$$;

-- The tasks that are not what they were, in order.
create function hostile.changed()
returns text[]
language plpgsql
as $$
declare
  v_ids text[];
begin
  execute format(
    'select array_agg(c.event_id::text order by c.event_id) from hostile_copy.%1$I c left join public.%1$I t using (event_id)'
    ' where t is distinct from c',
    test.task_table('send_email')::text
  )
  into v_ids;
  return coalesce(v_ids, '{}');
end
$$;

-- The tasks of the operations that are new in the log, in order.
create function hostile.logged()
returns text[]
language sql
as $$
  select coalesce(array_agg(u.event_id order by u.event_id), '{}')
  from public.kanthorq_task_operation o, unnest(o.changes) u
  where o.id > (select max(c.id) from hostile_copy.kanthorq_task_operation c)
$$;
