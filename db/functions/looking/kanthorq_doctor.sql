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
declare
  v_sound boolean;
begin
  return query select f.* from kanthorq_schema._kanthorq_doctor_installation() f;
  -- Registries that are not ours, or that hide rows, say nothing about the other tables.
  begin
    perform kanthorq_schema._kanthorq_check_schema();
    v_sound := true;
  exception when sqlstate 'KQ002' then
    v_sound := false;
  end;
  if v_sound then
    return query select f.* from kanthorq_schema._kanthorq_doctor_tables() f;
    return query
    select f.*
    from kanthorq_schema._kanthorq_registered() r
    cross join lateral kanthorq_schema._kanthorq_doctor_tasks(r.name) f
    where r.kind = 'consumer' and r.task_table is not null and kanthorq_schema._kanthorq_table_fault(r.task_table, r.kind) is null
    order by r.name;
  end if;
  return query select f.* from kanthorq_schema._kanthorq_doctor_rights() f;
end
$function$;

comment on function kanthorq_schema.kanthorq_doctor is 'Looks for faults in this database and gives the SQL that repairs them. Changes nothing; looks at every task.

Returns a row for each finding:
check     the kind: table is gone, table is not ours, table is not registered, no scheduling index; registration, worker can''t
          acknowledge, stuck tasks, last attempt, tasks in available, event is gone, missed events; right not granted, function is not
          ours, schema is open; schema was renamed, functions are missing,
          sequence is behind, migrations
severity  error, warning or info
detail    the finding and its consequence, on one line; a name that KanthorQ would not give has codes for its control characters
fix       the SQL that repairs it; a comment where a person has to decide first, so that this is safe:
          select fix from kanthorq_doctor() \gexec';
