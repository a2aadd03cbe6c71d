-- The subjects that a consumer wants, as one regular expression: KanthorQ compares the includes and the excludes in pairs, and an event is
-- wanted if it matches an include and not the exclude of the same position.
create or replace function
kanthorq_schema._kanthorq_wanted_pattern(
  subject_includes text[],
  subject_excludes text[]
)
returns text
language sql
immutable
as $function$
select string_agg(
  '(?:' || coalesce('(?!' || kanthorq_schema._kanthorq_subject_pattern(f.excluded) || ')', '')
    || kanthorq_schema._kanthorq_subject_pattern(f.included) || ')', '|' order by f.n
)
from unnest(subject_includes, subject_excludes) with ordinality f (included, excluded, n)
where f.included is not null
$function$;

comment on function kanthorq_schema._kanthorq_wanted_pattern is 'Internal. The subjects that a consumer wants, as a regular expression.';
