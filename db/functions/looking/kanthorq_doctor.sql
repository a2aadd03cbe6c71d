-- level: viewer
-- Looks for faults in this database and gives the SQL that repairs them. Changes nothing.
--
-- fix is one SQL statement that repairs the finding. It is a comment where a person has to decide first, so that \gexec may run all of
-- them. The texts in it come from rows and from the catalog, so they stand there as identifiers and literals only.
create or replace function kanthorq_schema.kanthorq_doctor()
returns table (
  "check" text,
  severity text,
  detail text,
  fix text
)
language plpgsql
stable
security definer
set search_path to pg_catalog, pg_temp
as $function$
begin
  return query
  select f."check", f.severity, kanthorq_schema._kanthorq_one_line(f.detail),
    case when f.fix like '--%' then kanthorq_schema._kanthorq_one_line(f.fix) else f.fix end
  from kanthorq_schema._kanthorq_doctor_findings() f;
end
$function$;

comment on function kanthorq_schema.kanthorq_doctor is 'Looks for faults in this database and gives the SQL that repairs them. Changes nothing; looks at every task.

Returns a row for each finding:
check     the kind: table is gone, table is not ours, table is open, table is not registered, no scheduling index; registration, worker can''t
          acknowledge, nobody works, more failures, stuck tasks, last attempt, pending tasks, mostly finished, tasks in available,
          event is gone, missed events, consumer is held, hold is broken; right not granted, function is not
          ours, schema is open, schema is not ours; schema was renamed, functions are missing, sequence is behind, migrations
severity  error, warning or info
detail    the finding and its consequence, on one line; a name that KanthorQ would not give has codes for its control characters
fix       the SQL that repairs it; a comment where a person has to decide first, so that this is safe:
          select fix from kanthorq_doctor() \gexec';
