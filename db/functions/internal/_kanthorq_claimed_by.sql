-- Another schema whose functions work on the tables of this one, or null: functions know their schema by its name, so this happens where
-- a schema was renamed and its old name came to life again.
create or replace function kanthorq_schema._kanthorq_claimed_by()
returns regnamespace
language plpgsql
stable
as $function$
begin
  return (
    select p.pronamespace
    from pg_proc p
    where p.proname = '_kanthorq_claimed_by'
      and p.pronamespace <> 'kanthorq_schema'::regnamespace
      and pg_get_userbyid(p.proowner) = current_user
      and strpos(p.prosrc, $$'kanthorq_schema'::regnamespace$$) > 0
    limit 1
  );
end
$function$;

comment on function kanthorq_schema._kanthorq_claimed_by is 'Internal. Another schema whose functions work on the tables of this one.';
