-- Refuses a list with a subject filter that can't match any subject.
--
-- A filter consists of tokens separated by dots: plain ones, `*` for exactly one token, and `>` for one or more as the last. KanthorQ
-- accepts any non-empty text and matches nothing with a wrong one. argument is the argument's name, for the message. Raises KQ003.
create or replace function
kanthorq_schema._kanthorq_check_subject_filters(
  argument text,
  filters text[]
)
returns void
language plpgsql
immutable
as $function$
declare
  v_bad text;
begin
  if filters is null or array_ndims(filters) > 1 then
    raise exception '% is not a one-dimensional array', argument
      using errcode = 'KQ003', hint = 'Pass an array of subject filters: array[''order.>''].';
  end if;
  select kanthorq_schema._kanthorq_shown(f.filter) into v_bad
  from unnest(filters) f (filter)
  where f.filter is null
    or length(f.filter) > 256
    or f.filter !~ '^(>|([a-zA-Z0-9]+([_-]?[a-zA-Z0-9]+)*|[*])([.]([a-zA-Z0-9]+([_-]?[a-zA-Z0-9]+)*|[*]))*([.]>)?)$'
  limit 1;
  if found then
    raise exception '% in % is not a subject filter', v_bad, argument
      using errcode = 'KQ003',
        hint = 'At most 256 characters; tokens separated by dots, * for one token, > at the end for one or more: order.*.created, order.>';
  end if;
end
$function$;

comment on function kanthorq_schema._kanthorq_check_subject_filters is 'Internal. Raises KQ003 unless every element is a subject filter that can match something.';
