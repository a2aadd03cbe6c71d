-- The name of the migration that brought this function, for kanthorq_doctor. Written by npm run generate.
create or replace function kanthorq_schema._kanthorq_newest_migration()
returns text
language sql
immutable
return '0003_functions';

comment on function kanthorq_schema._kanthorq_newest_migration is 'Internal. The name of the newest migration.';
