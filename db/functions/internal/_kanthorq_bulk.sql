-- The first batch of the bulk that a progress names; null if the log has none of this call, so that a new bulk begins.
--
-- The progress comes from the caller: it must not add to the bulk of another call, nor to one that was purged. An undo ends a bulk: it
-- waits for the batch that is at work, because that has locked the row, and the next batch raises KQ004. So no batch is left out.
create or replace function
kanthorq_schema._kanthorq_bulk(
  bulk_id bigint,
  consumer text,
  action text
)
returns bigint
language plpgsql
volatile
as $function$
declare
  v_bulk record;
begin
  select o.id, o.undone into v_bulk
  from kanthorq_schema.kanthorq_task_operation o
  where o.id = _kanthorq_bulk.bulk_id and o.bulk_id is null and o.consumer = _kanthorq_bulk.consumer
    and o.action = _kanthorq_bulk.action and o.actor = session_user
  for share;
  if v_bulk.undone then
    raise exception 'bulk % has been undone', bulk_id
      using errcode = 'KQ004', hint = 'Nothing more is moved under it. Begin anew to take the tasks that still match.';
  end if;
  return v_bulk.id;
end
$function$;

comment on function kanthorq_schema._kanthorq_bulk is 'Internal. The first batch of the bulk that a progress names, or null.';
