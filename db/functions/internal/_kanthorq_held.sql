-- "held since ... by ... because ...", or null for a consumer that is not held. With claims => true also null if only its intake is: then
-- workers still take its tasks.
create or replace function kanthorq_schema._kanthorq_held(consumer text, claims boolean)
returns text
language plpgsql
stable
as $function$
begin
  return (
    select format(
      case when h.intake_only then 'held (intake only)' else 'held' end || ' since %s by %s%s', date_trunc('second', h.at), h.actor,
      ' because ' || case when h.reason is not null then kanthorq_schema._kanthorq_shown(h.reason) end
    )
    from kanthorq_schema.kanthorq_consumer_registry r
    join kanthorq_schema.kanthorq_consumer_hold h on h.consumer_id = r.id
    where r.name = _kanthorq_held.consumer and not (claims and h.intake_only)
  );
end
$function$;

comment on function kanthorq_schema._kanthorq_held is 'Internal. Since when a consumer is held, by whom and why; null if it is not.';
