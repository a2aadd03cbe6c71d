// grant and revoke, and errors about missing rights or functions.
import test from 'ava'
import { migrate } from 'kanthorq-tasks/migrate'
import { records } from '../support/command-line.ts'
import { useServer } from '../support/empty-database.ts'
import { outcome, runOn } from './run.ts'

const server = useServer(test)

test('missing functions are reported with the command that installs them', async (t) => {
  const run = runOn(await server.emptyDatabase(t))
  for (const line of ['stats', 'stats --schema nowhere']) {
    const { code, stderr } = await run(line)
    t.is(code, 1)
    t.regex(stderr, /^[^\n]+ does not exist\n[^\n]*run "kanthorq-tasks migrate up", or name their schema with --schema\.\n$/)
  }
})

test('grant gives a role the rights of a level, and revoke removes them', async (t) => {
  const { url } = await server.emptyDatabase(t)
  await migrate({ database: url })
  const role = await server.role()
  const owner = runOn({ url })
  const as = runOn({ url: role.into(url) })

  t.deepEqual(
    await as('stats'),
    outcome(
      1,
      '',
      'permission denied for function kanthorq_task_stats\n' +
        'The owner can grant it: kanthorq-tasks grant YOUR_ROLE viewer\n',
    ),
  )
  t.deepEqual(await owner(`grant ${role.name} viewer`), outcome(0, `${role.name} has the rights of a viewer\n`))
  t.is((await as('stats')).code, 3)
  const cancel = await as('cancel send_email event_1')
  t.regex(cancel.stderr, /\nThe owner can grant it: kanthorq-tasks grant YOUR_ROLE operator\n$/)
  const grant = await as(`grant ${role.name} operator`)
  t.regex(grant.stderr, /\nOnly the owner of the functions may do this\.\n$/)

  const raised = await owner(`grant ${role.name} operator --json`)
  t.deepEqual(records(raised), [{ role: role.name, level: 'operator' }])
  t.regex((await as('cancel send_email event_1')).stderr, /^there is no consumer/)
  t.deepEqual(await owner(`revoke ${role.name}`), outcome(0, `${role.name} has no rights on the functions\n`))
  const revoked = await owner(`revoke ${role.name} --json`)
  t.deepEqual(records(revoked), [{ role: role.name, level: null }])
  t.is((await as('stats')).code, 1)
})

test('a read-only session is reported with a hint at the primary server', async (t) => {
  const { url } = await server.emptyDatabase(t)
  await migrate({ database: url })
  const run = runOn({ url }, { PGOPTIONS: '-c default_transaction_read_only=on' })
  t.is((await run('stats')).code, 3)
  const { code, stderr } = await run('grant pg_monitor viewer')
  t.is(code, 1)
  t.regex(stderr, /read-only transaction\nThe server is a standby .* connect to the primary server\.\n$/)
})

test('doctor prints problems and the SQL that repairs them, and ends with 1 if one is an error', async (t) => {
  const { client, url } = await server.emptyDatabase(t)
  await migrate({ database: url })
  // The default from PostgreSQL 15 on.
  await client.query('revoke create on schema public from public')
  const run = runOn({ url })
  t.deepEqual(await run('doctor'), outcome(0, '', 'no problems found\n'))

  await client.query("select kanthorq_consumer_register('orders', 'send_email', '{>}')")
  await client.query(
    "select kanthorq_task_convert('send_email', array[kanthorq_stream_publish('orders', 'order.created', '')], 'available')",
  )
  const info = await run('doctor')
  t.is(info.code, 0)
  t.regex(
    info.stdout,
    /^info: consumer 'send_email' has 1 available [^\n]+\n {2}# to have them worked:\n {2}kanthorq-tasks cancel send_email --state available --reason doctor\n {2}kanthorq-tasks log send_email --limit 1 --json \| kanthorq-tasks resume send_email\n$/,
  )

  await client.query('grant execute on function kanthorq_task_count to public')
  const { code, stdout } = await run('doctor')
  t.is(code, 1)
  t.regex(stdout, /^error: any role may execute .*\n {2}revoke all on routine .* from public\n$/m)
})

test('stats warns about a consumer that it leaves out', async (t) => {
  const { client, url } = await server.emptyDatabase(t)
  await migrate({ database: url })
  await client.query(
    `select kanthorq_consumer_register('orders', 'send_email', '{>}');
     do $$ begin
       execute (select format('drop table %I', 'kanthorq_' || id) from kanthorq_consumer_registry);
     end $$`,
  )
  const warning = "warning: consumer 'send_email' is left out: its table is gone\n"
  const hint = '"kanthorq-tasks doctor" has the statement that repairs it.\n'
  t.deepEqual(await runOn({ url })('stats'), outcome(3, '', `${warning}${hint}there are no tasks\n`))
})

test('a right that the owner may not give is reported with the statement that gives it', async (t) => {
  const { client, url } = await server.emptyDatabase(t)
  const [owner, role] = [await server.role(), await server.role()]
  await client.query(`create schema queue; grant usage, create on schema queue to ${owner.name}`)
  const run = runOn({ url: owner.into(url) })
  t.is((await run('migrate up --schema queue')).code, 0)
  const { code, stdout, stderr } = await run(`grant ${role.name} operator --schema queue`)
  t.deepEqual([code, stdout], [1, ''])
  t.regex(
    stderr,
    new RegExp(`^the role '${role.name}' can't reach schema queue\n.* grant usage on schema queue to ${role.name}\n$`),
  )
})
