begin;

create temp table routine as
select p.*, p.proname like 'kanthorq\_%' as is_public, p.prokind = 'p' as is_procedure, obj_description(p.oid, 'pg_proc') as comment,
  coalesce(nullif(p.prosrc, ''), pg_get_function_sqlbody(p.oid)) as source
from pg_proc p
where p.pronamespace = 'public'::regnamespace;

select plan(13);

select isnt_empty('select from routine where is_public', 'there are functions of the API');

select is_empty(
  $$ select proname from routine where not is_public and proname not like '\_kanthorq\_%' $$,
  'the name of a helper begins with an underscore, that of any other function with kanthorq_'
);

select is_empty(
  'select proname from routine group by proname having count(*) > 1',
  'each name is one function, so that a call with named arguments is never ambiguous'
);

select is_empty($$ select proname from routine where coalesce(comment, '') = '' $$, 'every function has a comment');

select is_empty(
  $$ select p.proname, a.name
     from routine p, unnest(p.proargnames) with ordinality a (name, n)
     where p.is_public and coalesce(p.proargmodes[a.n], 'i') <> 't' and p.comment !~ ('\m' || a.name || '\M') $$,
  'the comment of a public function says what each argument is'
);

select is_empty(
  $$ select proname from routine
     where is_public and not is_procedure
       and not (prosecdef and exists (select from unnest(proconfig) c where c ~ '^search_path=pg_catalog, (.*, )?pg_temp$')) $$,
  'public functions run as their owner, under a search_path from pg_catalog to pg_temp'
);

select is_empty(
  'select proname from routine where (is_procedure or not is_public) and (prosecdef or proconfig is not null)',
  'procedures do neither, or they could not commit; nor do helpers, which run inside a public function'
);

-- Before PostgreSQL 18 a plan node that is switched off, but has to be used, costs ten thousand million. Just-in-time
-- compilation takes that for a heavy query and spends hundreds of milliseconds on it.
select is_empty(
  $$ select proname from routine
     where array_to_string(proconfig, ' ') ~ 'enable_(?!partition_pruning)\w+=off' and not proconfig @> array['jit=off'] $$,
  'functions that switch parts of the planner off switch just-in-time compilation off too'
);

-- Where a row has been changed meanwhile, PostgreSQL 18.4 crashes in a plan that leaves out partitions while it runs.
select is_empty(
  $$ select proname from routine
     where is_public and source ~ 'for no key update|_kanthorq_task_(transition|report|undo)\(|delete from %'
       and not proconfig @> array['enable_partition_pruning=off'] $$,
  'functions that lock tasks, or events by the thousand, leave out no partition while they run'
);

select is_empty(
  $$ select proname, matched
     from routine, regexp_matches(source, '\m10[12]\M', 'g') matched where proname <> '_kanthorq_task_state' $$,
  'no function but _kanthorq_task_state has a code that cannot be anything else'
);

select is_empty(
  $$ select proname, matched
     from routine, regexp_matches(source, 'state\M[^;,()]*?(?:=|<>|<|>|\min\M|\mdefault\M)\s*[(]?\s*-?[0-9]+', 'g') matched
     where proname <> '_kanthorq_task_state' $$,
  'none compares, sets or defaults a state to a bare number'
);

select is_empty(
  $$ select proname from routine, aclexplode(coalesce(proacl, acldefault('f', proowner))) a where a.grantee = 0 $$,
  'no function is executable by everybody'
);

select is_empty(
  $$ select proname, a.grantee::regrole
     from routine, aclexplode(coalesce(proacl, acldefault('f', proowner))) a
     where not is_public and not is_procedure and a.grantee <> proowner $$,
  'only the owner may execute an internal function; procedures call the procedures as their caller'
);

rollback;
