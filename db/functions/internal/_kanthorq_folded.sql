-- A text in lower case. The letters of ASCII first, so that they are folded alike in every locale: a Turkish one has another I.
create or replace function kanthorq_schema._kanthorq_folded(value text)
returns text
language sql
immutable
return lower(lower(value collate "C") collate "default");

comment on function kanthorq_schema._kanthorq_folded is 'Internal. A text in lower case, for a comparison that ignores case.';
