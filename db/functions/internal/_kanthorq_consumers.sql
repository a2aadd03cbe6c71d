-- The names of the consumers to look at: the given one, or with null all of the registry, in order. One of these whose table is gone or
-- has a fault is left out with a warning.
create or replace function kanthorq_schema._kanthorq_consumers(consumer text)
returns setof text
language plpgsql
stable
as $function$
declare
  v_name text;
  v_fault text;
begin
  if consumer is not null then
    return next consumer;
    return;
  end if;
  perform kanthorq_schema._kanthorq_check_schema();
  for v_name, v_fault in
    select r.name,
      case when r.task_table is null then 'is gone' else kanthorq_schema._kanthorq_table_fault(r.task_table, 'consumer') end
    from kanthorq_schema._kanthorq_registered() r
    where r.kind = 'consumer'
    order by r.name
  loop
    if v_fault is null then
      return next v_name;
    else
      raise warning 'consumer % is left out: its table %', kanthorq_schema._kanthorq_shown(v_name), v_fault
        using hint = 'kanthorq_doctor() has the statement that repairs it.';
    end if;
  end loop;
end
$function$;

comment on function kanthorq_schema._kanthorq_consumers is 'Internal. The name of the given consumer, or of all that can be looked at.';
