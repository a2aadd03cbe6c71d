-- Refuses what is not a plain list of event ids, before anything is looked up or locked.
--
-- Accepts any one-dimensional array of non-empty texts, of any length, also an empty one; duplicates are fine.
-- Raises KQ003 for a null or multi-dimensional array and for a null or empty element.
create or replace function kanthorq_schema._kanthorq_check_event_ids(event_ids text[])
returns void
language plpgsql
immutable
as $function$
begin
  if event_ids is null then
    raise exception 'event_ids is null'
      using errcode = 'KQ003', hint = 'Pass an array of event ids; an empty array is allowed.';
  end if;
  if array_ndims(event_ids) > 1 then
    raise exception 'event_ids has % dimensions', array_ndims(event_ids)
      using errcode = 'KQ003', hint = 'Pass a one-dimensional array of event ids.';
  end if;
  if array_position(event_ids, null) is not null then
    raise exception 'event_ids[%] is null', array_position(event_ids, null)
      using errcode = 'KQ003', hint = 'Leave null ids out: array_remove(ids, null).';
  end if;
  if '' = any (event_ids) then
    raise exception 'event_ids[%] is empty', array_position(event_ids, '')
      using errcode = 'KQ003', hint = 'Leave empty ids out: array_remove(ids, '''').';
  end if;
end
$function$;

comment on function kanthorq_schema._kanthorq_check_event_ids is 'Internal. Raises KQ003 unless the argument is a one-dimensional array of non-empty ids.';
