-- Reads the log, newest first, a page at a time: pass the last id of a page as `before` to get the next one.
create or replace function
kanthorq_schema.kanthorq_task_operations(
  consumer text default null,
  event_id text default null,
  before bigint default null,
  max_operations int default 100
)
returns table (
  id bigint,
  at timestamp with time zone,
  action text,
  consumer_name text,
  reason text,
  actor text,
  application_name text,
  client_addr inet,
  transaction_id xid8,
  undoes bigint,
  tasks int,
  from_states jsonb,
  event_ids text[]
)
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
#variable_conflict use_column
begin
  if max_operations is null or max_operations < 1 then
    raise exception 'max_operations is %', coalesce(max_operations::text, 'null')
      using errcode = 'KQ003', hint = 'Pass how many operations a page may have, at least 1.';
  end if;
  return query
  select
    o.id, o.at, o.action, o.consumer, o.reason, o.actor, o.application_name, o.client_addr, o.transaction_id, o.undoes,
    cardinality(o.event_ids),
    (
      select jsonb_object_agg(s.name, n.tasks)
      from (select f.code, count(*) as tasks from unnest(o.from_state) f (code) group by f.code) n
      join kanthorq_schema._kanthorq_task_states() s on s.code = n.code
    ),
    o.event_ids
  from kanthorq_schema.kanthorq_task_operation o
  where (kanthorq_task_operations.consumer is null or o.consumer = kanthorq_task_operations.consumer)
    and (kanthorq_task_operations.event_id is null or o.event_ids @> array[kanthorq_task_operations.event_id])
    and (kanthorq_task_operations.before is null or o.id < kanthorq_task_operations.before)
  order by o.id desc
  limit max_operations;
end
$function$;

comment on function kanthorq_schema.kanthorq_task_operations is 'Reads the log of all transitions, newest first.

consumer        only those of this consumer
event_id        only those that moved this task
before          the last id of the page before; null is the first page
max_operations  how many at most

Returns a row for each call, or batch, that moved tasks:
id                what kanthorq_task_undo takes
at                when; updated_at of its tasks is the same millisecond
action            cancel, resume, discard or undo
consumer_name     whose tasks it moved
reason            what the caller gave as the reason
actor             the role that had logged in
application_name  what its connection called itself
client_addr       where the connection came from; null for a socket of the server''s own machine
transaction_id    the transaction that it was part of
undoes            the operation that it undid
tasks             how many it moved
from_states       how many of them came from each state: {"available": 3}
event_ids         which

Raises KQ003 for a bad argument.';

revoke all on function kanthorq_schema.kanthorq_task_operations from public;
