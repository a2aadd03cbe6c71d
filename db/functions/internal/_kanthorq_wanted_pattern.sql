-- The subjects that a consumer wants, as one regular expression: those that match an include and no exclude. KanthorQ compares as many
-- excludes as there are includes.
create or replace function
kanthorq_schema._kanthorq_wanted_pattern(
  subject_includes text[],
  subject_excludes text[]
)
returns text
language sql
immutable
as $function$
select coalesce(
    (
      select string_agg('(?!' || kanthorq_schema._kanthorq_subject_pattern(e) || ')', '')
      from unnest(subject_excludes[:cardinality(subject_includes)]) e
    ), ''
  )
  || '(?:' || string_agg(kanthorq_schema._kanthorq_subject_pattern(i), '|') || ')'
from unnest(subject_includes) i
$function$;

comment on function kanthorq_schema._kanthorq_wanted_pattern is 'Internal. The subjects that a consumer wants, as a regular expression.';
