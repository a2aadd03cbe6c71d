-- Divides the distinct ids of a call into those that were moved and those that were not, each in input order.
--
-- Its callers have switched sorting off for their own statements; this one has to sort.
create or replace function
kanthorq_schema._kanthorq_partition_ids(
  event_ids text[],
  moved text[],
  out updated text[],
  out noop text[]
)
returns record
language plpgsql
immutable
security definer
set search_path to pg_catalog, pg_temp
set enable_sort = 'on'
as $function$
begin
  select
    coalesce(array_agg(i.event_id) filter (where i.moved), '{}'),
    coalesce(array_agg(i.event_id) filter (where not i.moved), '{}')
  into updated, noop
  from (
    select u.event_id, u.event_id in (select m from unnest(moved) m) as moved
    from unnest(event_ids) with ordinality u (event_id, position)
    group by u.event_id
    order by min(u.position)
  ) i;
end
$function$;

comment on function kanthorq_schema._kanthorq_partition_ids is 'Internal. The distinct ids of a call, divided into moved and not moved, in input order.';

revoke all on function kanthorq_schema._kanthorq_partition_ids from public;
