-- The hint for a consumer or a stream that is not there: the nearest name, or the names that there are. The caller may not be allowed
-- to read the registry. Names are near each other if they have most pairs of letters in common.
create or replace function kanthorq_schema._kanthorq_names_hint(kind text, name text)
returns text
language plpgsql
stable
as $function$
declare
  v_wanted text[] := array(
    select distinct substr(lower(left(name, 256)), i, 2) from generate_series(1, least(length(name), 256)) i
  );
  v_names text[];
  v_likeness numeric;
begin
  select array_agg(n.name order by n.likeness desc, n.name), max(n.likeness) into v_names, v_likeness
  from (
    select r.name, (
        select 2.0 * count(*) filter (where p.pair = any (v_wanted)) / (count(*) + cardinality(v_wanted))
        from (select distinct substr(lower(r.name), i, 2) as pair from generate_series(1, length(r.name)) i) p
      ) as likeness
    from kanthorq_schema._kanthorq_registered() r
    where r.kind = _kanthorq_names_hint.kind
  ) n;
  return case
    when v_names is null then format('There is no %s yet.', kind)
    when v_likeness >= 0.5 then format('Names are case-sensitive. Did you mean %s?', kanthorq_schema._kanthorq_shown(v_names[1]))
    else format(
      'The %ss are %s%s.', kind,
      (select string_agg(kanthorq_schema._kanthorq_shown(u.name), ', ' order by u.name) from unnest(v_names[1:5]) u (name)),
      case when cardinality(v_names) > 5 then format(' and %s more', cardinality(v_names) - 5) else '' end
    )
  end;
end
$function$;

comment on function kanthorq_schema._kanthorq_names_hint is 'Internal. The hint for a consumer or a stream that is not there.';
