-- Finds a stream by its name: its registry row, and the table of its events.
--
-- Raises KQ001 for a stream that the registry does not name, KQ002 for one whose table is gone or has a fault, KQ003 for null.
create or replace function
kanthorq_schema._kanthorq_stream(
  stream text,
  out registry kanthorq_schema.kanthorq_stream_registry,
  out event_table regclass
)
returns record
language plpgsql
stable
as $function$
begin
  if stream is null then
    raise exception 'stream is null' using errcode = 'KQ003', hint = 'Pass the name of a stream.';
  end if;
  perform kanthorq_schema._kanthorq_check_schema();
  select r.* into registry from kanthorq_schema.kanthorq_stream_registry r where r.name = stream;
  if not found then
    raise exception 'there is no stream %', kanthorq_schema._kanthorq_shown(stream)
      using errcode = 'KQ001', hint = kanthorq_schema._kanthorq_names_hint('stream', stream);
  end if;
  event_table := kanthorq_schema._kanthorq_find_table(registry.id::text);
  if event_table is null or kanthorq_schema._kanthorq_table_fault(event_table, 'stream') is not null then
    perform kanthorq_schema._kanthorq_refuse_table(registry.id::text, 'stream', stream);
  end if;
end
$function$;

comment on function kanthorq_schema._kanthorq_stream is 'Internal. The registry row and the event table of a stream; KQ001 or KQ002 if either is missing.';
