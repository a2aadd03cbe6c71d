-- Writes a batch of a purge into the log: how many rows went, and from where to where, but not which. Returns the id of its bulk.
create or replace function
kanthorq_schema._kanthorq_purge_log(
  action text,
  name text,
  reason text,
  bulk_id bigint,
  purged bigint,
  from_states jsonb,
  first_id text,
  last_id text
)
returns bigint
language plpgsql
volatile
as $function$
declare
  v_bulk bigint := kanthorq_schema._kanthorq_bulk(bulk_id, name, action);
  v_id bigint;
begin
  if purged > 0 then
    insert into kanthorq_schema.kanthorq_task_operation as o (
      at, action, consumer, reason, bulk_id, tasks, from_states, first_event_id, last_event_id, changes
    )
    values (
      clock_timestamp(), _kanthorq_purge_log.action, name, _kanthorq_purge_log.reason, v_bulk, purged, _kanthorq_purge_log.from_states,
      first_id, last_id, '{}'
    )
    returning o.id into v_id;
  end if;
  return coalesce(v_bulk, v_id);
end
$function$;

comment on function kanthorq_schema._kanthorq_purge_log is 'Internal. Writes a batch of a purge into the log.';
