// Four logins, and the outcome of each call: the owner of everything (who is no superuser), an operator, a viewer, and a
// stranger, in a schema of their own.
import test, { type ExecutionContext } from 'ava'
import pg from 'pg'
import { migrate } from 'kanthorq-tasks/migrate'
import { connect, useServer } from '../support/empty-database.ts'
import { only } from '../support/scene.ts'
import { processOf } from '../support/sessions.ts'
import { until } from '../support/until.ts'
import { argumentsFor, callText, publicRoutines } from './routines.ts'

const server = useServer(test)

/** Each role can do what those before it can. */
const roles = ['stranger', 'viewer', 'operator', 'owner'] as const

test('each role can do what its level says, and nothing else', async (t) => {
  const as = await scene(t)
  for (const routine of await publicRoutines(as.owner, 'queue')) {
    t.is(routine.level === 'viewer', routine.stable, `${routine.name}: who views may read only`)
    const sql = callText(routine, argumentsFor(routine))
    for (const role of roles) {
      const least = roles.findIndex((name) => name === routine.level)
      const may = role === 'owner' || (least > 0 && roles.indexOf(role) >= least)
      // Not all values suit all functions; a function that refuses one has been called.
      const expected = may ? /^(done|KQ00\d)$/ : /^42501$/
      t.regex(await outcome(as[role], sql), expected, `${routine.name} by ${role}`)
    }
  }
  for (const role of ['stranger', 'viewer', 'operator'] as const)
    t.is(await outcome(as[role], 'create function queue.f() returns int return 1'), '42501', role)
})

test('many can be given their rights at the same time', async (t) => {
  const as = await scene(t)
  const others = await Promise.all(Array.from({ length: 6 }, () => connect(t, as.ownerUrl)))
  const levels = ['viewer', 'operator']
  const grants = others.flatMap((client, n) =>
    [as.viewer, as.operator].map((role) => client.query('select queue.kanthorq_grant($1, $2)', [role.user, levels[n % 2]])),
  )
  await t.notThrowsAsync(Promise.all(grants))
})

test('rights on the schema are given with those of a level, and taken back', async (t) => {
  const { url, client: superuser } = await server.emptyDatabase(t)
  const [owner, role] = [await server.role(), await server.role()]
  await superuser.query(`create schema queue; grant usage, create on schema queue to ${owner.name}`)
  await migrate({ database: owner.into(url), schema: 'queue' })
  const session = await connect(t, owner.into(url))
  const grant = session.query("select queue.kanthorq_grant($1, 'operator')", [role.name])
  const { hint = '' } = await t.throwsAsync<pg.DatabaseError>(grant, { code: '42501' })
  const needed = /grant usage on schema queue to .*/.exec(hint)?.[0]
  t.is(needed, `grant usage on schema queue to ${role.name}`)

  await superuser.query(`grant usage on schema queue to ${owner.name} with grant option`)
  await session.query("select queue.kanthorq_grant($1, 'operator')", [role.name])
  const operator = await connect(t, role.into(url))
  await t.notThrowsAsync(operator.query('select queue.kanthorq_task_stats()'))
  await operator.end()
  await session.query('select queue.kanthorq_revoke($1)', [role.name])
  await t.notThrowsAsync(superuser.query(`drop role ${role.name}`))
  await superuser.query(`create role ${role.name}`)
})

test('a trigger that another role is just making does not run as the owner', async (t) => {
  const { owner, operator, stranger } = await scene(t)
  const { table, id } = only(
    await owner.query<{ table: string; id: string }>(`
      select 'queue.kanthorq_' || c.id as table, queue.kanthorq_stream_publish('orders', 'a', '') as id
      from queue.kanthorq_consumer_registry c`),
  )
  const pid = await processOf(operator)
  await owner.query("select queue.kanthorq_task_convert('send_email', $1, 'retryable')", [[id]])
  await owner.query(`grant usage on schema queue to ${stranger.user ?? ''}`)
  for (const on of [table, 'queue.kanthorq_task_operation']) {
    await owner.query(`grant trigger on ${on} to ${stranger.user ?? ''}`)
    await stranger.query(`
      create or replace function pg_temp.ran() returns trigger language plpgsql as 'begin raise ''ran as %'', current_user; end';
      begin;
      create trigger t before insert or update on ${on} for each row execute function pg_temp.ran()`)
    const call = () => operator.query("select queue.kanthorq_task_cancel('send_email', $1)", [[id]])
    const cancel = t.throwsAsync(call(), { code: 'KQ002', message: /has a trigger with code of the role/ })
    const waiting = 'select from pg_locks where pid = $1 and not granted'
    await until(async () => (await owner.query(waiting, [pid])).rowCount === 1, 'the call does not wait')
    await stranger.query('commit')
    await cancel

    await owner.query(`drop trigger t on ${on}`)
    await owner.query(`revoke trigger on ${on} from ${stranger.user ?? ''}`)
  }
})

/** A database whose schema `queue` belongs to a plain role, three more roles of different levels, and one of each logged in. */
async function scene(t: ExecutionContext) {
  const { url, client: superuser } = await server.emptyDatabase(t)
  const owner = await server.role()
  await superuser.query(`create schema queue authorization ${owner.name}`)
  const ownerUrl = owner.into(url)
  await migrate({ database: ownerUrl, schema: 'queue' })
  const session = await connect(t, ownerUrl)
  await session.query("select queue.kanthorq_consumer_register('orders', 'send_email', '{>}')")
  const login = async (level?: string) => {
    const role = await server.role()
    if (level !== undefined) await session.query('select queue.kanthorq_grant($1, $2)', [role.name, level])
    return connect(t, role.into(url))
  }
  return {
    ownerUrl,
    owner: session,
    operator: await login('operator'),
    viewer: await login('viewer'),
    stranger: await login(),
  }
}

/** `done`, or the SQLSTATE of the error. The statement is rolled back, if it can be. */
async function outcome(client: pg.Client, sql: string): Promise<string> {
  const inTransaction = !sql.startsWith('call')
  if (inTransaction) await client.query('begin')
  try {
    await client.query(sql)
    return 'done'
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error
    return error.code ?? ''
  } finally {
    if (inTransaction) await client.query('rollback')
  }
}
