-- The levels that kanthorq_grant gives, and the levels of the functions that each may execute.
create or replace function kanthorq_schema._kanthorq_levels(out level text, out executes text)
returns setof record
language sql
immutable
begin atomic
  values
    ('viewer', 'viewer'),
    ('operator', 'viewer'),
    ('operator', 'operator'),
    ('worker', 'worker'),
    ('publisher', 'publisher');
end;

comment on function kanthorq_schema._kanthorq_levels is 'Internal. The levels, and the levels of the functions that each may execute.';
