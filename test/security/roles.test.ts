// Four logins, and the outcome of each call: the owner of everything (who is no superuser), an operator, a viewer, and a
// stranger, in a schema of their own.
import test, { type ExecutionContext } from 'ava'
import pg from 'pg'
import { InvalidArgumentError, migrate, TaskClient } from 'kanthorq-tasks'
import { connect, useServer } from '../support/empty-database.ts'
import { argumentsFor, callText, publicRoutines } from './hostile-calls.ts'

const server = useServer(test)

const denied = '42501'
const cancel = "select * from queue.kanthorq_task_cancel('send_email', '{}')"
const count = "select queue.kanthorq_task_count('send_email')"

/** Each role can do what those before it can. */
const roles = ['stranger', 'viewer', 'operator', 'owner'] as const

test('each role can do what its level says, and nothing else', async (t) => {
  const as = await scene(t)
  const routines = await publicRoutines(as.owner, 'queue')
  for (const routine of routines) {
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
})

test('no role but the owner gets at a table', async (t) => {
  const as = await scene(t)
  const { rows } = await as.owner.query<{ name: string }>(
    "select format('queue.%I', relname) as name from pg_class where relnamespace = 'queue'::regnamespace and relkind = 'r'",
  )
  t.true(rows.length >= 6, 'two registries, a stream, a consumer, the log and the migrations')
  for (const { name } of rows) {
    for (const role of ['stranger', 'viewer', 'operator'] as const) {
      for (const sql of [
        `select from ${name}`,
        `insert into ${name} default values`,
        `delete from ${name}`,
        `truncate ${name}`,
        `lock table ${name}`,
        `drop table ${name}`,
      ]) {
        t.is(await outcome(as[role], sql), denied, `${sql} by ${role}`)
      }
    }
  }
})

test('an operator can neither raise anybody nor take the functions over', async (t) => {
  const as = await scene(t)
  const attempts = [
    "alter function queue.kanthorq_task_count set search_path to 'pg_temp'",
    `alter function queue.kanthorq_task_count owner to ${as.operator.user ?? ''}`,
    'create or replace function queue._kanthorq_task_states() returns int language sql return 1',
    `set role ${as.owner.user ?? ''}`,
  ]
  for (const sql of attempts) {
    t.is(await outcome(as.operator, sql), denied, sql)
  }
  // PostgreSQL only warns of a grant that one has no right to make.
  await as.operator.query(
    `grant execute on function queue.kanthorq_task_cancel to ${as.viewer.user ?? ''}`,
  )
  t.is(await outcome(as.viewer, cancel), denied)
})

test('the client gives a role a level, and takes it away', async (t) => {
  const as = await scene(t)
  const tasks = new TaskClient(as.owner, { schema: 'queue' })
  const role = as.stranger.user ?? ''
  const both = async () => [await outcome(as.stranger, cancel), await outcome(as.stranger, count)]
  await tasks.grant(role, 'operator')
  t.deepEqual(await both(), ['done', 'done'])
  await tasks.grant(role, 'viewer')
  t.deepEqual(await both(), [denied, 'done'])
  await tasks.revoke(role)
  t.deepEqual(await both(), [denied, denied])
  await t.throwsAsync(tasks.grant('nobody', 'viewer'), { instanceOf: InvalidArgumentError })
})

test('the rights of a group reach its members, and end when they are taken back', async (t) => {
  const as = await scene(t)
  await as.superuser.query(`grant ${as.operator.user ?? ''} to ${as.stranger.user ?? ''}`)
  t.is(await outcome(as.stranger, cancel), 'done')

  await as.owner.query('select queue.kanthorq_revoke($1)', [as.operator.user])
  t.is(await outcome(as.stranger, cancel), denied)
  t.is(await outcome(as.operator, cancel), denied)
})

test('many can be given their rights at the same time', async (t) => {
  const as = await scene(t)
  const others = await Promise.all(Array.from({ length: 6 }, () => connect(t, as.ownerUrl)))
  const levels = ['viewer', 'operator']
  const grants = others.flatMap((client, n) =>
    [as.viewer, as.operator].map((role) =>
      client.query('select queue.kanthorq_grant($1, $2)', [role.user, levels[n % 2]]),
    ),
  )
  await t.notThrowsAsync(Promise.all(grants))
})

/** A database whose schema `queue` belongs to a plain role, three more roles of different levels, and one of each logged in. */
async function scene(t: ExecutionContext) {
  const { url, client: superuser } = await server.emptyDatabase(t)
  const [owner, operator, viewer, stranger] = await Promise.all([
    server.role(),
    server.role(),
    server.role(),
    server.role(),
  ])
  await superuser.query(`
    create schema queue authorization ${owner.name};
    grant create on database ${superuser.database ?? ''} to ${owner.name}`)
  const ownerUrl = owner.into(url)
  await migrate({ database: ownerUrl, schema: 'queue' })
  const session = await connect(t, ownerUrl)
  await session.query(`
    select queue.kanthorq_consumer_register('orders', 'send_email', '{>}');
    select queue.kanthorq_task_cancel('send_email', array(
      select t.event_id from queue.kanthorq_task_convert('send_email', array[queue.kanthorq_stream_publish('orders', 'order.created', 'b')]) t
    ));
    select queue.kanthorq_grant('${operator.name}', 'operator');
    select queue.kanthorq_grant('${viewer.name}', 'viewer')`)
  return {
    ownerUrl,
    superuser,
    owner: session,
    operator: await connect(t, operator.into(url)),
    viewer: await connect(t, viewer.into(url)),
    stranger: await connect(t, stranger.into(url)),
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
