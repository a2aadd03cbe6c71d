-- Raises KQ002 for a table that the registry names and that does not exist. kind and name say whose it is.
create or replace function kanthorq_schema._kanthorq_refuse_table(id text, kind text, name text)
returns void
language plpgsql
stable
as $function$
begin
  raise exception 'the table % of % % is gone',
      format('kanthorq_schema.%I', 'kanthorq_' || id), kind, kanthorq_schema._kanthorq_shown(name)
    using errcode = 'KQ002',
      hint = 'Restore the table from a backup. Registering the name again would make an empty one.';
end
$function$;

comment on function kanthorq_schema._kanthorq_refuse_table is 'Internal. Raises KQ002 for a table that is gone.';
