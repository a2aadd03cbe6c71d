-- Divides the distinct ids of a call into those that were moved and those that were not, each in input order.
--
-- One pass over both arrays together. A look-up of each id among the moved ones would have to be planned for their number,
-- which is not always known, and takes for ever with 200,000 of them where it is planned for fewer.
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
    select u.event_id, bool_or(u.moved) as moved
    from (
      select a.event_id, a.position, false as moved from unnest(event_ids) with ordinality a (event_id, position)
      union all
      select m.event_id, null, true from unnest(moved) m (event_id)
    ) u
    group by u.event_id
    order by min(u.position)
  ) i;
end
$function$;

comment on function kanthorq_schema._kanthorq_partition_ids is 'Internal. The distinct ids of a call, divided into moved and not moved, in input order.';

revoke all on function kanthorq_schema._kanthorq_partition_ids from public;
