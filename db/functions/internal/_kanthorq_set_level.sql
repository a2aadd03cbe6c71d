-- Sets the rights of a role on all that is ours to those of a level, or to none for a level of null: what kanthorq_grant and
-- kanthorq_revoke have in common. A role of null is PUBLIC.
--
-- The owner is refused: without its own rights the functions could not call each other. Functions of other roles under our names are
-- left alone.
create or replace function kanthorq_schema._kanthorq_set_level(role name, level text)
returns void
language plpgsql
volatile
as $function$
declare
  v_schema regnamespace := 'kanthorq_schema'::regnamespace;
  v_role text := coalesce(quote_ident(role), 'public');
  v_all text;
  v_granted text;
  v_tables text;
  v_sequences text;
  v_grantor name;
begin
  if role = current_user then
    raise exception '% owns the functions', kanthorq_schema._kanthorq_shown(role::text)
      using errcode = 'KQ003', hint = 'The owner may call everything, always. Name another role.';
  end if;

  -- Of two GRANTs on the same function at once PostgreSQL refuses one, with an internal error.
  lock table kanthorq_schema.kanthorq_task_operation in share update exclusive mode;

  select string_agg(p.oid::regprocedure::text, ', '),
    string_agg(p.oid::regprocedure::text, ', ') filter (
      where l.level in (select g.executes from kanthorq_schema._kanthorq_levels() g where g.level = _kanthorq_set_level.level)
    )
  into v_all, v_granted
  from pg_proc p
  left join kanthorq_schema._kanthorq_function_levels() l on l.name = p.proname
  where p.pronamespace = v_schema and p.proname ~ '^_?kanthorq_' and pg_get_userbyid(p.proowner) = current_user;
  select string_agg(c.oid::regclass::text, ', ') filter (where c.relkind <> 'S'),
    string_agg(c.oid::regclass::text, ', ') filter (where c.relkind = 'S')
  into v_tables, v_sequences
  from kanthorq_schema._kanthorq_own_tables() o
  join pg_class c on c.oid = o.name
  where pg_get_userbyid(c.relowner) = current_user;

  -- What another role has passed on can't be revoked by the owner; the right to pass it on can.
  for v_grantor in
    select distinct pg_get_userbyid(a.grantor)
    from (
      select p.proacl as acl, p.proowner as owner from pg_proc p where p.pronamespace = v_schema and p.proname ~ '^_?kanthorq_'
      union all
      select c.relacl, c.relowner from kanthorq_schema._kanthorq_own_tables() o join pg_class c on c.oid = o.name
    ) o
    cross join lateral aclexplode(o.acl) a
    where pg_get_userbyid(o.owner) = current_user and a.grantor <> o.owner and a.grantee = coalesce(quote_ident(role)::regrole::oid, 0)
  loop
    execute format('revoke grant option for all on routine %s from %I cascade', v_all, v_grantor);
    execute format('revoke grant option for all on table %s from %I cascade', v_tables, v_grantor);
    execute format('revoke grant option for all on sequence %s from %I cascade', v_sequences, v_grantor);
  end loop;
  execute format('revoke all on routine %s from %s cascade', v_all, v_role);
  execute format('revoke all on table %s from %s cascade', v_tables, v_role);
  execute format('revoke all on sequence %s from %s cascade', v_sequences, v_role);
  if level is null then
    if role is not null then
      perform kanthorq_schema._kanthorq_revoke_usage(v_schema, role);
    end if;
    return;
  end if;

  execute format('grant execute on routine %s to %s', v_granted, v_role);
  if not has_schema_privilege(role, v_schema, 'usage') then
    if has_schema_privilege(v_schema, 'usage with grant option') then
      execute format('grant usage on schema %s to %s', v_schema, v_role);
    else
      raise exception 'the role % can''t reach schema %', kanthorq_schema._kanthorq_shown(role::text), v_schema
        using errcode = 'insufficient_privilege',
          hint = format(
            'The owner of the schema, %s, has to: grant usage on schema %s to %s',
            (select n.nspowner::regrole from pg_namespace n where n.oid = v_schema), v_schema, v_role
          );
    end if;
  end if;
end
$function$;

comment on function kanthorq_schema._kanthorq_set_level is 'Internal. Gives a role the functions of a level, and no others.';
