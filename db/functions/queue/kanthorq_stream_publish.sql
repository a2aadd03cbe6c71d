-- level: publisher
-- Publishes one event to a stream: the row that KanthorQ's publisher writes. Subscribers find it by its id, which sorts after all ids
-- that were made before it.
create or replace function
kanthorq_schema.kanthorq_stream_publish(
  stream text,
  subject text,
  body bytea,
  metadata jsonb default '{}'
)
returns text
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_stream record;
  v_id text;
begin
  perform kanthorq_schema._kanthorq_check_subject(subject);
  if body is null then
    raise exception 'body is null' using errcode = 'KQ003', hint = 'Pass the event''s bytes; an empty body is allowed.';
  end if;
  if metadata is null or jsonb_typeof(metadata) <> 'object' then
    raise exception 'metadata is %', coalesce(jsonb_typeof(metadata), 'null')
      using errcode = 'KQ003', hint = 'Pass a JSON object; the default is {}.';
  end if;
  v_stream := kanthorq_schema._kanthorq_stream(stream);

  v_id := kanthorq_schema._kanthorq_id('event');
  execute format('insert into %s (id, subject, body, metadata, created_at) values ($1, $2, $3, $4, $5)', v_stream.event_table)
  using v_id, subject, body, metadata, kanthorq_schema._kanthorq_id_time(v_id);
  return v_id;
end
$function$;

comment on function kanthorq_schema.kanthorq_stream_publish is 'Publishes one event to a stream.

stream    name of the stream
subject   letters and digits with single dots, hyphens or underscores between them, at most 256 characters
body      the payload; may be empty
metadata  a JSON object; a task made from the event carries it too

Returns the id of the event. Raises KQ001 if there is no such stream, KQ002 if its table is gone, KQ003 for a bad argument.';
