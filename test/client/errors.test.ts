import test, { type ExecutionContext } from 'ava'
import pg from 'pg'
import {
  BrokenConsumerError,
  InvalidArgumentError,
  KanthorqError,
  NotFoundError,
  OperationError,
  TaskClient,
  type Queryable,
} from 'kanthorq-tasks'
import { createRole } from '../../scripts/throwaway-database.ts'
import { fromDatabaseError } from '../../src/client/errors.ts'
import { useDatabase } from '../support/database.ts'
import { makeConsumer, makeTasks, taskTable } from '../support/scene.ts'
import { openSession, processOf, untilBlocked } from '../support/sessions.ts'
import { as } from '../support/template.ts'

const db = useDatabase(test)

const cases = [
  {
    class: NotFoundError,
    code: 'KQ001',
    of: 'a consumer that does not exist',
    call: (tasks: TaskClient) => tasks.cancel('nobody', []),
    message: /there is no consumer 'nobody'/,
  },
  {
    class: BrokenConsumerError,
    code: 'KQ002',
    of: 'a consumer whose table is gone',
    call: async (tasks: TaskClient) => {
      const consumer = await makeConsumer(db, 'broken')
      await db.owner.query('select test.drop_task_table($1)', [consumer])
      return tasks.resume(consumer, ['event_01'])
    },
    message: /the table .* of consumer 'broken' is gone/,
  },
  {
    class: InvalidArgumentError,
    code: 'KQ003',
    of: 'an empty id',
    call: async (tasks: TaskClient) => tasks.cancel(await makeConsumer(db, 'valid'), ['a', '']),
    message: /event_ids\[2\] is empty/,
  },
  {
    class: OperationError,
    code: 'KQ004',
    of: 'an operation that does not exist',
    call: (tasks: TaskClient) => tasks.undo('9223372036854775807'),
    message: /there is no operation 9223372036854775807/,
  },
]

for (const { class: Class, code, of, call, message } of cases) {
  test(`${of}: ${code} becomes ${Class.name}, which says what to do`, async (t) => {
    const { db: recording, thrown } = recorder(db.pool)
    const error = await t.throwsAsync(call(new TaskClient(recording)), {
      instanceOf: Class,
      name: Class.name,
      code,
      message,
    })
    t.true(error instanceof KanthorqError)
    const cause = thrown.at(-1)
    t.true(cause instanceof pg.DatabaseError)
    t.is(error.cause, cause)
    t.is(error.hint, (cause as pg.DatabaseError).hint)
    t.truthy(error.hint)
    t.true(error.message.endsWith(error.hint ?? ''))
  })
}

test('what is not ours is not touched', (t) => {
  for (const error of [
    new Error('no code'),
    Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }),
    Object.assign(new Error('not one of ours'), { code: 'KQ999' }),
    Object.assign(new Error('an inherited property'), { code: 'toString' }),
    Object.assign(new Error('no text'), { code: 1 }),
    { code: 'KQ001' },
    'KQ001',
    null,
    undefined,
  ]) {
    t.is(fromDatabaseError(error), error)
  }
})

for (const [what, stop, code] of [
  ['a cancelled statement', 'pg_cancel_backend', '57014'],
  ['a connection that the server ended', 'pg_terminate_backend', '57P01'],
] as const) {
  test(`${what} passes through`, async (t) => {
    const session = await openSession(t, db.sessions)
    const pid = await processOf(session)
    const { consumer, ids } = await lockedTask(t, stop)
    const call = passesThrough(t, session, code, consumer, ids)
    await untilBlocked(db.owner, [pid])
    await db.pool.query(`select ${stop}($1)`, [pid])
    await call
  })
}

test('a permission denied, a closed connection and a serialization failure pass through', async (t) => {
  const stranger = await createRole(db.ownerUrl)
  const client = new pg.Client(as(stranger, db.ownerUrl))
  await client.connect()
  await passesThrough(t, client, '42501')
  await client.end()
  await passesThrough(t, client, undefined)

  const consumer = await makeConsumer(db, 'serialized')
  const ids = await makeTasks(db, consumer, ['available'])
  const session = await openSession(t, db.sessions)
  await session.query('begin isolation level repeatable read; select 1')
  await new TaskClient(db.pool).cancel(consumer, ids)
  await passesThrough(t, session, '40001', consumer, ids)
})

/** A connection that remembers the very objects that it threw. */
function recorder(connection: Queryable) {
  const thrown: unknown[] = []
  const query = async (text: string, values: unknown[]) => {
    try {
      return await connection.query(text, values)
    } catch (error) {
      thrown.push(error)
      throw error
    }
  }
  return { db: { query } as unknown as Queryable, thrown }
}

async function passesThrough(
  t: ExecutionContext,
  connection: Queryable,
  code: string | undefined,
  consumer = 'send_email',
  ids: string[] = [],
) {
  const { db: recording, thrown } = recorder(connection)
  const error = await t.throwsAsync<Error & { code?: string }>(
    new TaskClient(recording).cancel(consumer, ids),
  )
  t.is(error.code, code)
  t.is(thrown[0], error)
}

/** A consumer with an available task that another session holds until the end of the test. */
async function lockedTask(t: ExecutionContext, name: string) {
  const consumer = await makeConsumer(db, name)
  const ids = await makeTasks(db, consumer, ['available'])
  const holder = await openSession(t, db.owner)
  await holder.query(`begin; select from ${await taskTable(db, consumer)} for update`)
  return { consumer, ids }
}
