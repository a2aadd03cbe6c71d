-- Whether the triggers of a hold stand on a table and are enabled. A trigger of that name may belong to anybody.
create or replace function kanthorq_schema._kanthorq_refuses_claims(name regclass)
returns boolean
language plpgsql
stable
as $function$
begin
  return (
    select count(*) = 2
    from pg_trigger g
    where g.tgrelid = name and g.tgname in ('_kanthorq_refuse_claim', '_kanthorq_delay_claim') and g.tgenabled = 'O'
      and g.tgfoid = 'kanthorq_schema._kanthorq_refuse_claim()'::regprocedure
  );
end
$function$;

comment on function kanthorq_schema._kanthorq_refuses_claims is 'Internal. Whether the triggers of a hold stand on a table.';
