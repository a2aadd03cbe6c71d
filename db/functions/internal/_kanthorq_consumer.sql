-- Finds a consumer by its name: its settings, and its tasks as SQL for FROM and UPDATE, as _kanthorq_find_table and
-- _kanthorq_only_sql would, in one query.
--
-- Raises KQ001 for a consumer that the registry does not name, KQ002 for one whose table is gone or has a fault, KQ003 for null.
create or replace function
kanthorq_schema._kanthorq_consumer(
  consumer text,
  out id text,
  out stream_id text,
  out stream_name text,
  out attempt_max smallint,
  out visibility_timeout bigint,
  out tasks text
)
returns record
language plpgsql
stable
as $function$
begin
  perform kanthorq_schema._kanthorq_check_schema();
  select r.id, r.stream_id, r.stream_name, r.attempt_max, r.visibility_timeout,
    case when kanthorq_schema._kanthorq_table_fault(c.oid::regclass, 'consumer') is null
      then case c.relkind when 'p' then '' else 'only ' end || c.oid::regclass
    end
  into id, stream_id, stream_name, attempt_max, visibility_timeout, tasks
  from kanthorq_schema.kanthorq_consumer_registry r
  left join pg_class c on c.relname = 'kanthorq_' || r.id and c.relkind in ('r', 'p')
    and c.relnamespace = 'kanthorq_schema'::regnamespace
  where r.name = consumer;
  if tasks is not null then
    return;
  end if;

  if consumer is null then
    raise exception 'consumer is null' using errcode = 'KQ003', hint = 'Pass the name of a consumer.';
  elsif id is null then
    raise exception 'there is no consumer %', kanthorq_schema._kanthorq_shown(consumer)
      using errcode = 'KQ001', hint = kanthorq_schema._kanthorq_names_hint('consumer', consumer);
  end if;
  perform kanthorq_schema._kanthorq_refuse_table(id, 'consumer', consumer);
end
$function$;

comment on function kanthorq_schema._kanthorq_consumer is 'Internal. The settings of a consumer and its tasks as SQL; KQ001 or KQ002 if either is missing.';
