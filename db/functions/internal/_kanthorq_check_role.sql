-- Refuses a name that is no role, with KQ003, and a schema that is not ours, with KQ002.
create or replace function kanthorq_schema._kanthorq_check_role(role text)
returns void
language plpgsql
stable
as $function$
begin
  perform kanthorq_schema._kanthorq_check_schema();
  if not exists (select from pg_roles r where r.rolname::text = role) then
    raise exception 'there is no role %', kanthorq_schema._kanthorq_shown(role)
      using errcode = 'KQ003', hint = 'Name a role that exists; CREATE ROLE makes one. PUBLIC can''t be given anything here.';
  end if;
end
$function$;

comment on function kanthorq_schema._kanthorq_check_role is 'Internal. Raises KQ003 for a name that is no role.';
