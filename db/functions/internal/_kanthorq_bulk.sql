-- The first batch of the bulk that a progress names; null if the log has none of this call, so that a new bulk begins.
--
-- The progress comes from the caller: it must not add to the bulk of another call, nor to one that was purged.
create or replace function
kanthorq_schema._kanthorq_bulk(
  bulk_id bigint,
  consumer text,
  action text
)
returns bigint
language plpgsql
stable
as $function$
begin
  return (
    select o.id
    from kanthorq_schema.kanthorq_task_operation o
    where o.id = _kanthorq_bulk.bulk_id and o.bulk_id is null and o.consumer = _kanthorq_bulk.consumer
      and o.action = _kanthorq_bulk.action and o.actor = session_user
  );
end
$function$;

comment on function kanthorq_schema._kanthorq_bulk is 'Internal. The first batch of the bulk that a progress names, or null.';
