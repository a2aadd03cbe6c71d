begin;

select plan(2);

-- One finding of each kind.
create temp table scene as
select test.consumer(name) as name from unnest(array['send_email', 'it_lost_its_index', 'it_lost_its_table', 'it_lost_its_row']) name;

do $$
begin
  perform test.task('send_email', 'running', attempt_count => 4), test.task('send_email', 'available');
  perform test.as_owner(format('drop index %s_scheduling', test.task_table('it_lost_its_index')));
  perform test.drop_task_table('it_lost_its_table');
  perform test.as_owner($sql$
    delete from kanthorq_consumer_registry where name = 'it_lost_its_row';
    grant execute on function kanthorq_task_resume to public;
    delete from kanthorq_migrations;
  $sql$);
end
$$;

select results_eq(
  $$ select "check", severity, fix like '--%', substring(fix from '^[a-z]+') from kanthorq_doctor() $$,
  $$ values
       ('table is gone', 'error', true, null),
       ('table is not registered', 'warning', true, null),
       ('no scheduling index', 'warning', false, 'create'),
       ('stuck tasks', 'warning', false, 'call'),
       ('tasks in available', 'info', true, null),
       ('PUBLIC may execute', 'error', false, 'revoke'),
       ('migrations', 'warning', true, null) $$,
  'each fix is either one statement that is safe, or a comment for a person'
);

select is_empty(
  $$ select fix from kanthorq_doctor() where fix ~ '[\n;]' $$,
  'each is one line, so that a comment hides nothing that would run, and none is two statements'
);

rollback;
