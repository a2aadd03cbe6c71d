-- Refuses a word that is no action, with KQ003.
create or replace function kanthorq_schema._kanthorq_check_action(action text)
returns void
language plpgsql
immutable
as $function$
begin
  if action is null or action not in ('cancel', 'resume', 'discard') then
    raise exception '% is not an action', kanthorq_schema._kanthorq_shown(action)
      using errcode = 'KQ003', hint = 'The actions are cancel, resume and discard.';
  end if;
end
$function$;

comment on function kanthorq_schema._kanthorq_check_action is 'Internal. Raises KQ003 for a word that is no action.';
