-- A bit of everything, on which hostile calls are tried, and a look at what a call has changed. Loaded after the fixtures.
create schema hostile;

-- Two tasks in each state, two that are stuck, two that an operation has cancelled, an event without a task, and no event.
create table hostile.id as
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

select from public.kanthorq_task_cancel('send_email', (select array_agg(id) from hostile.id where kind = 'undoable'), 'why');

insert into hostile.id
values ('event', public.kanthorq_stream_publish('send_email_stream', 'order-eu.created', 'body')), ('unknown', 'event_unknown');

-- So that an event is missed.
update public.kanthorq_consumer_registry set cursor = 'event_z';

-- A digest of each table, and one of all grants.
create function hostile.parts()
returns table (part text, digest text)
language plpgsql
as $$
begin
  for part in
    select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition
  loop
    execute format('select coalesce(md5(string_agg(t::text, '' '' order by t::text)), '''') from public.%I t', part) into digest;
    return next;
  end loop;
  part := 'grants';
  digest := (select md5(string_agg(proacl::text, ' ' order by oid)) from pg_proc where pronamespace = 'public'::regnamespace);
  return next;
end
$$;

-- The parts as they are now, and copies of the tables, by their names.
create table hostile.untouched as
select * from hostile.parts();

create schema hostile_copy;

do $$
declare
  v_table text;
begin
  for v_table in select part from hostile.untouched where part <> 'grants' loop
    execute format('create table hostile_copy.%1$I as select * from public.%1$I', v_table);
  end loop;
end
$$;

-- The parts that have changed, the tasks among them, and the tasks that are new in the log, all in order. Fails if tasks can't
-- be read any more. Puts everything back; `role` is the one whose grants may have changed.
create function hostile.outcome(role text, out changed text[], out moved text[], out logged text[])
language plpgsql
as $$
declare
  v_part text;
begin
  changed := array(
    select concat(case when u.part is null then 'new ' end, part)
    from hostile.parts() p full join hostile.untouched u using (part)
    where p.digest is distinct from u.digest order by part
  );
  execute format(
    'select array(select c.event_id::text from hostile_copy.%1$I c left join public.%1$I t using (event_id)'
    ' where t is distinct from c order by 1)',
    test.task_table('send_email')::text
  )
  into moved;
  logged := array(
    select u.event_id from public.kanthorq_task_operation o, unnest(o.changes) u
    where o.id > (select max(c.id) from hostile_copy.kanthorq_task_operation c) order by 1
  );
  if changed <> '{}' then
    perform public.kanthorq_task_find('send_email'), public.kanthorq_task_stats(),
      public.kanthorq_task_explain('send_email', array(select id from hostile.id));
  end if;
  -- The triggers of a hold.
  if 'kanthorq_consumer_hold' = any (changed) then
    perform public.kanthorq_consumer_release('send_email');
  end if;
  foreach v_part in array changed loop
    if v_part = 'grants' then
      perform public.kanthorq_revoke(role);
    elsif v_part like 'new %' then
      execute format('drop table public.%I', substr(v_part, 5));
    else
      execute format('delete from public.%I', v_part);
      execute format('insert into public.%1$I overriding system value select * from hostile_copy.%1$I', v_part);
    end if;
  end loop;
end
$$;
