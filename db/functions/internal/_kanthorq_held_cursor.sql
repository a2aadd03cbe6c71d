-- The cursor of a held consumer, above every ULID: KanthorQ's primary puller reads nothing after it, and writes nothing back.
create or replace function kanthorq_schema._kanthorq_held_cursor()
returns text
language sql
immutable
return 'event_' || repeat('z', 26);

comment on function kanthorq_schema._kanthorq_held_cursor is 'Internal. The cursor of a held consumer.';
