-- The SQL that makes a time of epoch milliseconds, as text.
--
-- One nonsensical value, in nanoseconds perhaps, must not keep anybody from seeing the others: it shows as the nearest time
-- there is, up to the year 275760, where JavaScript's dates end.
create or replace function kanthorq_schema._kanthorq_as_time(milliseconds text)
returns text
language sql
immutable
security definer
set search_path to pg_catalog, pg_temp
as $function$
select format(
  'to_timestamp(case when %1$s < 0 then 0 when %1$s > 8640000000000000 then 8640000000000000 else %1$s end / 1000.0)',
  milliseconds
)
$function$;

comment on function kanthorq_schema._kanthorq_as_time is 'Internal. The SQL that makes a time of epoch milliseconds.';

revoke all on function kanthorq_schema._kanthorq_as_time from public;
