-- level: owner
-- Registers a stream, or finds it: its row in kanthorq_stream_registry, and the table for its events. The result is that of KanthorQ's
-- StreamRegister, so that a Go publisher can use it.
--
-- Two sessions that register one name at the same time wait for each other on the registry row and get the same stream.
create or replace function kanthorq_schema.kanthorq_stream_register(name text)
returns kanthorq_schema.kanthorq_stream_registry
language plpgsql
volatile
security definer
set search_path to pg_catalog, pg_temp
as $function$
#variable_conflict use_column
declare
  v_registry kanthorq_schema.kanthorq_stream_registry;
  v_found regclass;
begin
  perform kanthorq_schema._kanthorq_check_name('stream', kanthorq_stream_register.name);

  perform kanthorq_schema._kanthorq_check_schema();

  insert into kanthorq_schema.kanthorq_stream_registry as r (id, name)
  values (kanthorq_schema._kanthorq_id('stream'), kanthorq_stream_register.name)
  on conflict (name) do update set updated_at = extract(epoch from current_timestamp) * 1000
  returning r.* into v_registry;

  v_found := kanthorq_schema._kanthorq_find_table(v_registry.id::text);
  if kanthorq_schema._kanthorq_table_fault(v_found, 'stream') is not null then
    perform kanthorq_schema._kanthorq_refuse_table(v_registry.id::text, 'stream', v_registry.name::text);
  elsif v_found is null then
    execute format($q$
      create table kanthorq_schema.%I (
        id varchar(64) not null primary key,
        subject varchar(256) not null,
        body bytea not null,
        metadata jsonb not null default '{}',
        created_at bigint not null default (extract(epoch from current_timestamp) * 1000)
      )
      $q$,
      'kanthorq_' || v_registry.id
    );
  end if;
  return v_registry;
end
$function$;

comment on function kanthorq_schema.kanthorq_stream_register is 'Registers a stream and makes the table for its events; registering a name again returns the existing stream.

name  letters, digits and single underscores between them, at most 256 characters

Returns the row of kanthorq_stream_registry. Raises KQ003 for a name that KanthorQ would not accept.';
