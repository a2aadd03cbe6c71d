-- All findings of kanthorq_doctor; their texts may still have more than one line.
create or replace function kanthorq_schema._kanthorq_doctor_findings()
returns table (
  "check" text,
  severity text,
  detail text,
  fix text
)
language plpgsql
stable
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

comment on function kanthorq_schema._kanthorq_doctor_findings is 'Internal. All findings of kanthorq_doctor.';
