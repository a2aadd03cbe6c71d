-- A new id in KanthorQ's form: kind (event, stream or consumer), an underscore, a lower-case ULID.
--
-- A ULID has 48 bits of milliseconds and 80 random bits, in 26 digits. The first 10 of the 80 bits hold the microsecond here, so that
-- ids of one millisecond sort by their time in all sessions; the other 70 come from gen_random_uuid(). The setting
-- kanthorq.last_id_at keeps the microsecond of the last id of the session: a coarse clock gives the next id the one after it.
create or replace function kanthorq_schema._kanthorq_id(kind text)
returns text
language plpgsql
volatile
as $function$
declare
  v_at bigint := floor(extract(epoch from clock_timestamp()) * 1000000)::bigint;
  v_last text := current_setting('kanthorq.last_id_at', true);
  v_random text := replace(gen_random_uuid()::text, '-', '');
begin
  -- Anybody may set the setting, so it counts only if it is a number that is hardly ahead of the clock.
  if v_last ~ '^[0-9]{1,18}$' and v_last::bigint - v_at between 0 and 1000 then
    v_at := v_last::bigint + 1;
  end if;
  perform set_config('kanthorq.last_id_at', v_at::text, false);

  -- Digits 1 to 9 and 18 to 26 of a version 4 UUID are random; 13 and 17 hold its version and variant.
  return kind || '_'
    || kanthorq_schema._kanthorq_crockford(v_at / 1000, 10)
    || kanthorq_schema._kanthorq_crockford(v_at % 1000, 2)
    || kanthorq_schema._kanthorq_crockford(('x' || substr(v_random, 1, 9))::bit(36)::bigint, 7)
    || kanthorq_schema._kanthorq_crockford(('x' || substr(v_random, 18, 9))::bit(36)::bigint, 7);
end
$function$;

comment on function kanthorq_schema._kanthorq_id is 'Internal. A new id: a prefix and a ULID that sorts after all earlier ones.';
