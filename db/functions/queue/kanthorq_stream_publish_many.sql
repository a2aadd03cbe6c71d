-- level: publisher
-- Publishes many events in one statement: what kanthorq_stream_publish does, for thousands. Their ids grow in the order of the arrays.
create or replace function
kanthorq_schema.kanthorq_stream_publish_many(
  stream text,
  subjects text[],
  bodies bytea[],
  metadatas jsonb[] default null
)
returns text[]
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
as $function$
declare
  v_stream record;
  v_ids text[];
begin
  if subjects is null or bodies is null or cardinality(bodies) <> cardinality(subjects)
    or cardinality(metadatas) <> cardinality(subjects) then
    raise exception 'there are % bodies and % metadatas for % subjects', coalesce(cardinality(bodies)::text, 'null'),
        coalesce(cardinality(metadatas)::text, 'null'), coalesce(cardinality(subjects)::text, 'null')
      using errcode = 'KQ003', hint = 'Pass a subject and a body for each event, and as many metadatas or null.';
  end if;
  if array_position(bodies, null) is not null then
    raise exception 'bodies[%] is null', array_position(bodies, null)
      using errcode = 'KQ003', hint = 'Pass the event''s bytes; an empty body is allowed.';
  end if;
  if exists (select from unnest(metadatas) m where jsonb_typeof(m) is distinct from 'object') then
    raise exception 'metadatas has a part that is no object'
      using errcode = 'KQ003', hint = 'Pass JSON objects, or null instead of all of them.';
  end if;
  perform kanthorq_schema._kanthorq_check_subject(s.subject) from (select distinct u as subject from unnest(subjects) u) s;
  v_stream := kanthorq_schema._kanthorq_stream(stream);

  v_ids := array(select kanthorq_schema._kanthorq_id('event') from generate_series(1, cardinality(subjects)));
  execute format($q$
    insert into %s (id, subject, body, metadata, created_at)
    select e.id, e.subject, e.body, coalesce(e.metadata, '{}'), kanthorq_schema._kanthorq_id_time(e.id)
    from unnest($1, $2, $3, $4) e (id, subject, body, metadata)
    $q$,
    v_stream.event_table
  )
  using v_ids, subjects, bodies, metadatas;
  return v_ids;
end
$function$;

comment on function kanthorq_schema.kanthorq_stream_publish_many is 'Publishes many events to a stream.

stream     name of the stream
subjects   of each event the subject, as kanthorq_stream_publish takes it
bodies     of each event the payload; may be empty
metadatas  of each event a JSON object; null instead of all of them is {}

Returns the ids of the events, in the order of subjects. Raises KQ001 if there is no such stream, KQ002 if its table is gone, KQ003 for
a bad argument; then nothing is published.';
