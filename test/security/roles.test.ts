// Four logins, and what becomes of each call: the owner of everything (who is no superuser), an operator, a viewer, and a
// stranger, in a schema that is nobody else's.
import test, { type ExecutionContext } from 'ava'
import pg from 'pg'
import { InvalidArgumentError, migrate, TaskClient } from 'kanthorq-tasks'
import { connect, useServer } from '../support/empty-database.ts'

const server = useServer(test)

const denied = '42501'

/** A call of each function, and who may make it. Those that change something change nothing that another call needs. */
const calls: Record<string, { may: readonly Role[]; sql: string }> = {
  kanthorq_doctor: viewing('select * from queue.kanthorq_doctor()'),
  kanthorq_task_count: viewing("select queue.kanthorq_task_count('send_email')"),
  kanthorq_task_explain: viewing(
    "select * from queue.kanthorq_task_explain('send_email', array['event_x'])",
  ),
  kanthorq_task_find: viewing("select * from queue.kanthorq_task_find('send_email')"),
  kanthorq_task_operations: viewing('select * from queue.kanthorq_task_operations()'),
  kanthorq_task_stats: viewing('select * from queue.kanthorq_task_stats()'),
  kanthorq_task_cancel: operating(
    "select * from queue.kanthorq_task_cancel('send_email', array['event_x'])",
  ),
  kanthorq_task_resume: operating(
    "select * from queue.kanthorq_task_resume('send_email', array['event_x'])",
  ),
  kanthorq_task_discard: operating(
    "select * from queue.kanthorq_task_discard('send_email', array['event_x'])",
  ),
  kanthorq_task_cancel_all: operating(
    "call queue.kanthorq_task_cancel_all('send_email', subject => 'nothing.like.it')",
  ),
  kanthorq_task_resume_all: operating(
    "call queue.kanthorq_task_resume_all('send_email', subject => 'nothing.like.it')",
  ),
  kanthorq_task_discard_all: operating(
    "call queue.kanthorq_task_discard_all('send_email', subject => 'nothing.like.it')",
  ),
  kanthorq_task_all: operating(
    `call queue.kanthorq_task_all('cancel', 'send_email', null, 'nothing.like.it', null, null, null, null, false,
       1000, null, null, null, null, false, null)`,
  ),
  kanthorq_task_batch: operating(
    "select * from queue.kanthorq_task_batch('cancel', 'send_email', subject => 'nothing.like.it')",
  ),
  kanthorq_task_undo: operating(
    'select * from queue.kanthorq_task_undo((select max(id) from queue.kanthorq_task_operations()))',
  ),
  kanthorq_task_operation_purge: owning(
    "select queue.kanthorq_task_operation_purge(timestamptz '2000-01-01Z')",
  ),
  kanthorq_stream_register: owning("select * from queue.kanthorq_stream_register('orders')"),
  kanthorq_consumer_register: owning(
    "select * from queue.kanthorq_consumer_register('orders', 'send_email', '{>}')",
  ),
  kanthorq_stream_publish: owning(
    "select queue.kanthorq_stream_publish('orders', 'order.created', 'body')",
  ),
  kanthorq_task_convert: owning(
    "select * from queue.kanthorq_task_convert('send_email', array['event_x'])",
  ),
  kanthorq_grant: owning("select queue.kanthorq_grant('pg_monitor', 'viewer')"),
  kanthorq_revoke: owning("select queue.kanthorq_revoke('pg_monitor')"),
}

type Role = 'owner' | 'operator' | 'viewer' | 'stranger'

function viewing(sql: string) {
  return { may: ['owner', 'operator', 'viewer'] as const, sql }
}

function operating(sql: string) {
  return { may: ['owner', 'operator'] as const, sql }
}

function owning(sql: string) {
  return { may: ['owner'] as const, sql }
}

test('each role can do what its level says, and nothing else', async (t) => {
  const as = await scene(t)
  const { rows } = await as.owner.query<{ name: string }>(
    "select proname as name from pg_proc where pronamespace = 'queue'::regnamespace and proname like 'kanthorq%'",
  )
  t.deepEqual(
    Object.keys(calls).sort(),
    rows.map(({ name }) => name).sort(),
    'every function is tried',
  )

  for (const [name, { may, sql }] of Object.entries(calls)) {
    for (const role of ['stranger', 'viewer', 'operator', 'owner'] as const) {
      const expected = may.includes(role) ? 'done' : denied
      t.is(await outcome(as[role], sql), expected, `${name} by ${role}`)
    }
  }
})

test('no role but the owner gets at a table, also not by way of what it may call', async (t) => {
  const as = await scene(t)
  const { rows } = await as.owner.query<{ name: string }>(
    "select format('queue.%I', relname) as name from pg_class where relnamespace = 'queue'::regnamespace and relkind = 'r'",
  )
  t.is(rows.length, 6, 'two registries, a stream, a consumer, the log and the migrations')
  for (const { name } of rows) {
    for (const role of ['stranger', 'viewer', 'operator'] as const) {
      for (const sql of [
        `select from ${name}`,
        `insert into ${name} default values`,
        `delete from ${name}`,
        `truncate ${name}`,
        `lock table ${name}`,
        `copy ${name} to stdout`,
        `comment on table ${name} is 'mine'`,
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
    'alter function queue.kanthorq_task_count security invoker',
    `alter function queue.kanthorq_task_count owner to ${as.operator.user ?? ''}`,
    'drop function queue.kanthorq_task_count',
    'create function queue.kanthorq_mine() returns int language sql return 1',
    'create or replace function queue._kanthorq_task_states() returns int language sql return 1',
    `set role ${as.owner.user ?? ''}`,
    `set session authorization ${as.owner.user ?? ''}`,
  ]
  for (const sql of attempts) {
    t.is(await outcome(as.operator, sql), denied, sql)
  }
  // PostgreSQL only warns of a grant that one has no right to make.
  await as.operator.query(
    `grant execute on function queue.kanthorq_task_cancel to ${as.viewer.user ?? ''}`,
  )
  t.is(await outcome(as.viewer, calls['kanthorq_task_cancel']?.sql ?? ''), denied)
})

test('the client gives a role a level, and takes it away', async (t) => {
  const as = await scene(t)
  const tasks = new TaskClient(as.owner, { schema: 'queue' })
  const sql = calls['kanthorq_task_cancel']?.sql ?? ''
  await tasks.grant(as.stranger.user ?? '', 'operator')
  t.is(await outcome(as.stranger, sql), 'done')
  await tasks.grant(as.stranger.user ?? '', 'viewer')
  t.is(await outcome(as.stranger, sql), denied)
  t.is(await outcome(as.stranger, calls['kanthorq_task_count']?.sql ?? ''), 'done')
  await tasks.revoke(as.stranger.user ?? '')
  t.is(await outcome(as.stranger, calls['kanthorq_task_count']?.sql ?? ''), denied)
  await t.throwsAsync(tasks.grant('nobody', 'viewer'), { instanceOf: InvalidArgumentError })
})

test('the rights of a group reach its members, and end when they are taken back', async (t) => {
  const as = await scene(t)
  const sql = calls['kanthorq_task_cancel']?.sql ?? ''
  await as.superuser.query(`grant ${as.operator.user ?? ''} to ${as.stranger.user ?? ''}`)
  t.is(await outcome(as.stranger, sql), 'done')

  await as.owner.query('select queue.kanthorq_revoke($1)', [as.operator.user])
  t.is(await outcome(as.stranger, sql), denied)
  t.is(await outcome(as.operator, sql), denied)
})

test('many can be given their rights at the same time', async (t) => {
  const as = await scene(t)
  const others = await Promise.all(Array.from({ length: 6 }, () => connect(t, as.ownerUrl)))
  const levels = ['viewer', 'operator']
  const results = await Promise.allSettled(
    others.flatMap((client, n) =>
      [as.viewer, as.operator].map((role) =>
        client.query('select queue.kanthorq_grant($1, $2)', [role.user, levels[n % 2]]),
      ),
    ),
  )
  t.deepEqual(
    results.filter(({ status }) => status === 'rejected'),
    [],
  )
})

/** A database whose schema `queue` belongs to a plain role, three more roles of different levels, and one of each logged in. */
async function scene(t: ExecutionContext) {
  const { url, client: superuser } = await server.emptyDatabase(t)
  const roles = { owner: await server.role(), operator: await server.role() }
  const [viewer, stranger] = [await server.role(), await server.role()]
  await superuser.query(`create schema queue authorization ${roles.owner.name}`)
  await superuser.query(
    `grant create on database ${superuser.database ?? ''} to ${roles.owner.name}`,
  )
  const ownerUrl = roles.owner.into(url)
  await migrate({ database: ownerUrl, schema: 'queue' })
  const owner = await connect(t, ownerUrl)
  await owner.query(`
    select queue.kanthorq_stream_register('orders');
    select queue.kanthorq_consumer_register('orders', 'send_email', '{>}');
    select queue.kanthorq_task_cancel('send_email', array(
      select t.event_id from queue.kanthorq_task_convert('send_email', array[queue.kanthorq_stream_publish('orders', 'order.created', 'b')]) t
    ))`)
  await owner.query('select queue.kanthorq_grant($1, $2)', [roles.operator.name, 'operator'])
  await owner.query('select queue.kanthorq_grant($1, $2)', [viewer.name, 'viewer'])
  return {
    ownerUrl,
    superuser,
    owner,
    operator: await connect(t, roles.operator.into(url)),
    viewer: await connect(t, viewer.into(url)),
    stranger: await connect(t, stranger.into(url)),
  }
}

/** `done`, or the SQLSTATE of the error. Whatever the statement does is rolled back, if it can be. */
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
