-- Refuses states of which an action takes no task, with KQ003: the call would never do anything. Only cancel has running.
create or replace function
kanthorq_schema._kanthorq_check_takes(
  action text,
  states text[],
  running boolean
)
returns void
language plpgsql
immutable
as $function$
declare
  v_takes text[] := case action
    when 'cancel' then array['pending', 'available', 'retryable'] || case when running then array['running'] else '{}' end
    when 'resume' then array['discarded', 'cancelled']
    when 'discard' then array['running']
  end;
begin
  if running and action <> 'cancel' then
    raise exception '% takes no running', action using errcode = 'KQ003', hint = 'Only cancel does.';
  end if;
  if states is not null and not states && v_takes then
    raise exception '% does not take tasks in state %', action, (select string_agg(distinct s, ', ') from unnest(states) s)
      using errcode = 'KQ003', hint = format(
        'It takes %s%s.', array_to_string(v_takes, ', '),
        case when action = 'cancel' and 'running' = any (states) then '; running ones only with running => true' else '' end
      );
  end if;
end
$function$;

comment on function kanthorq_schema._kanthorq_check_takes is 'Internal. Raises KQ003 for states of which an action takes no task.';
