-- Divides the distinct ids of a call into those that were moved and those that were not, each in input order.
--
-- One pass over both lists together: a join of the two takes for ever with 200,000 ids if it is planned for fewer.
create or replace function
kanthorq_schema._kanthorq_divide_ids(
  event_ids text[],
  moved text[],
  out updated text[],
  out noop text[]
)
returns record
language plpgsql
immutable
as $function$
begin
  -- As many as were asked for: each id was there once, and moved. The slice makes the array begin at 1.
  if cardinality(moved) = cardinality(event_ids) then
    updated := event_ids[:];
    noop := '{}';
    return;
  end if;
  select
    coalesce(array_agg(i.event_id) filter (where i.is_moved), '{}'),
    coalesce(array_agg(i.event_id) filter (where not i.is_moved), '{}')
  into updated, noop
  from (
    select u.event_id, bool_or(u.is_moved) as is_moved
    from (
      select a.event_id, a.position, false as is_moved from unnest(event_ids) with ordinality a (event_id, position)
      union all
      select m.event_id, null, true from unnest(moved) m (event_id)
    ) u
    group by u.event_id
    order by min(u.position)
  ) i;
end
$function$;

comment on function kanthorq_schema._kanthorq_divide_ids is 'Internal. The distinct ids of a call, divided into moved and not moved, in input order.';
