-- level: viewer
-- Reads the log, newest first, a page at a time: pass the last id of a page as `before` to get the next one.
--
-- A bulk, all batches of one _all call, is one row under the id of its first batch, unless each batch is asked for. The operations of
-- a task are found through the index on the first and last event id of each row.
create or replace function
kanthorq_schema.kanthorq_task_operations(
  consumer text default null,
  event_id text default null,
  before bigint default null,
  max_operations int default 100,
  action text default null,
  reason text default null,
  actor text default null,
  bulk_id bigint default null,
  each_batch boolean default false,
  with_event_ids boolean default true
)
returns setof kanthorq_schema.kanthorq_operation
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
begin
  perform kanthorq_schema._kanthorq_check_schema();
  if max_operations is null or max_operations < 1 then
    raise exception 'max_operations is %', coalesce(max_operations::text, 'null')
      using errcode = 'KQ003', hint = 'Pass how many operations a page may have, at least 1.';
  end if;
  if action not in ('cancel', 'resume', 'discard', 'undo', 'purge', 'purge events', 'hold', 'release') then
    raise exception '% is not an action', kanthorq_schema._kanthorq_shown(action)
      using errcode = 'KQ003', hint = 'The actions are cancel, resume, discard, undo, purge, purge events, hold and release.';
  end if;
  -- Planned anew in each call, for the conditions that it has.
  return query execute $q$
    with page as materialized (
      select o.id, o.at, o.action, o.consumer, o.reason, o.actor, o.application_name, o.client_addr, o.transaction_id, o.bulk_id,
        o.undoes
      from kanthorq_schema.kanthorq_task_operation o
      where (
          $9 or o.bulk_id is null
          or not exists (select from kanthorq_schema.kanthorq_task_operation h where h.id = o.bulk_id)
        )
        and ($1 is null or o.consumer = $1)
        and ($3 is null or o.id < $3)
        and ($5 is null or o.action = $5)
        and ($6 is null or o.reason = $6)
        and ($7 is null or o.actor = $7)
        and ($8 is null or o.id = $8 or o.bulk_id = $8)
        and (
          $2 is null or o.id = any (array(
            select case when $9 then e.id else coalesce((select h.id from kanthorq_schema.kanthorq_task_operation h where h.id = e.bulk_id), e.id) end
            from kanthorq_schema.kanthorq_task_operation e
            where e.last_event_id >= $2 and e.first_event_id <= $2
              and exists (select from unnest(e.changes) c where c.event_id = $2)
          ))
        )
      order by o.id desc
      limit $4
    )
    select
      p.id, p.at, b.last_at, p.action, p.consumer, p.reason, p.actor, p.application_name, p.client_addr, p.transaction_id,
      coalesce(p.bulk_id, case when b.is_bulk then p.id end), b.batches,
      coalesce((select u.bulk_id from kanthorq_schema.kanthorq_task_operation u where u.id = p.undoes and not $9), p.undoes),
      b.tasks,
      (
        select coalesce(jsonb_object_agg(s.state, s.tasks), '{}')
        from (
          select e.key as state, sum(e.value::bigint) as tasks
          from unnest(b.from_states) f (states), jsonb_each_text(f.states) e
          group by e.key
        ) s
      ),
      case when $10 then array(
        select c.event_id
        from kanthorq_schema.kanthorq_task_operation o, unnest(o.changes) c
        where o.id = any (b.ids)
        order by o.id, c.event_id
      ) end
    from page p
    cross join lateral (
      select max(r.at) as last_at, count(*) as batches, sum(r.tasks)::bigint as tasks, array_agg(r.id) as ids,
        array_agg(r.from_states) as from_states,
        exists (select from kanthorq_schema.kanthorq_task_operation f where f.bulk_id = p.id) as is_bulk
      from (
        select o.id, o.at, o.tasks, o.from_states from kanthorq_schema.kanthorq_task_operation o where o.id = p.id
        union all
        select o.id, o.at, o.tasks, o.from_states from kanthorq_schema.kanthorq_task_operation o where o.bulk_id = p.id and not $9
      ) r
    ) b
    order by p.id desc
    $q$
  using consumer, event_id, before, max_operations, action, reason, actor, bulk_id, coalesce(each_batch, false),
    coalesce(with_event_ids, true);
end
$function$;

comment on function kanthorq_schema.kanthorq_task_operations is 'Reads the log of all transitions, purges, holds and releases, newest first.

consumer          only those of this consumer
event_id          only those that moved this task
before            the last id of the page before; null is the first page
max_operations    how many at most
action            only these: cancel, resume, discard, undo, purge, purge events, hold or release
reason            only those with exactly this reason
actor             only those of this login role
bulk_id           only this bulk
each_batch        true gives each batch of a bulk a row of its own; otherwise a bulk is one row
with_event_ids    false leaves event_ids null, which is quicker

Returns rows of type kanthorq_operation, one for each call that moved tasks or held or released a consumer:
id                what kanthorq_task_undo takes; of a bulk, what kanthorq_task_undo_all takes
at                when; of a bulk, when its first batch was
last_at           of a bulk, when its last batch was
action            cancel, resume, discard, undo, purge, purge events, hold or release
consumer_name     whose tasks it moved, or that was held or released; of purge events, the stream
reason            what the caller gave as the reason
actor             the role that had logged in
application_name  what its connection called itself
client_addr       where the connection came from; null for a socket of the server''s own machine
transaction_id    the transaction that it was part of; of a bulk, that of its first batch
bulk_id           the bulk; null for a call of one batch
batches           how many batches the row stands for
undoes            the operation or the bulk that it undid
tasks             how many tasks it moved; of a purge, how many rows it deleted
from_states       how many of them came from each state: {"available": 3}
event_ids         which; of a purge, none

Raises KQ003 for a bad argument.';
