-- Sets the rights of a role to those of a level, or to none for a level of null: what kanthorq_grant and kanthorq_revoke have in
-- common.
--
-- The owner is refused: without its own rights the functions could not call each other.
create or replace function kanthorq_schema._kanthorq_set_level(role text, level text)
returns void
language plpgsql
volatile
as $function$
declare
  v_role name;
  v_all text;
  v_granted text;
begin
  select r.rolname into v_role from pg_roles r where r.rolname = role;
  if not found then
    raise exception 'there is no role %', kanthorq_schema._kanthorq_shown(role)
      using errcode = 'KQ003', hint = 'Name a role that exists; CREATE ROLE makes one. PUBLIC can''t be given anything here.';
  end if;
  if v_role = current_user then
    raise exception '% owns the functions', quote_literal(v_role)
      using errcode = 'KQ003', hint = 'The owner may call everything, always. Name another role.';
  end if;

  -- Of two GRANTs on the same function at once PostgreSQL refuses one, with an internal error.
  perform pg_advisory_xact_lock(hashtext('kanthorq_schema._kanthorq_set_level'));

  select string_agg(p.oid::regprocedure::text, ', '),
    string_agg(p.oid::regprocedure::text, ', ') filter (
      where l.level = 'viewer' or l.level = _kanthorq_set_level.level
    )
  into v_all, v_granted
  from kanthorq_schema._kanthorq_function_levels() l
  join pg_proc p on p.proname = l.name and p.pronamespace = 'kanthorq_schema'::regnamespace;

  execute format('revoke all on routine %s from %I', v_all, v_role);
  if level is not null then
    execute format('grant execute on routine %s to %I', v_granted, v_role);
    if not has_schema_privilege(v_role, 'kanthorq_schema'::regnamespace, 'usage') then
      execute format('grant usage on schema %s to %I', 'kanthorq_schema'::regnamespace, v_role);
    end if;
  end if;
end
$function$;

comment on function kanthorq_schema._kanthorq_set_level is 'Internal. Gives a role the functions of a level, and no others.';
