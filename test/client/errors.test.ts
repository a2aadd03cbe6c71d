import test from 'ava'
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
import { useDatabase } from '../support/database.ts'
import { makeConsumer } from '../support/scene.ts'
import { as } from '../support/template.ts'

const db = useDatabase(test)

const cases: [typeof KanthorqError, string, RegExp, (tasks: TaskClient) => Promise<unknown>][] = [
  [NotFoundError, 'KQ001', /there is no consumer 'nobody'/, (tasks) => tasks.cancel('nobody', [])],
  [
    BrokenConsumerError,
    'KQ002',
    /the table .* of consumer 'broken' is gone/,
    async (tasks) => {
      const consumer = await makeConsumer(db, 'broken')
      await db.owner.query('select test.drop_task_table($1)', [consumer])
      return tasks.resume(consumer, ['event_01'])
    },
  ],
  [
    InvalidArgumentError,
    'KQ003',
    /event_ids\[2\] is empty/,
    async (tasks) => tasks.cancel(await makeConsumer(db, 'valid'), ['a', '']),
  ],
  [OperationError, 'KQ004', /there is no operation 999999/, (tasks) => tasks.undo('999999')],
]

for (const [Class, code, message, call] of cases) {
  test(`${code} becomes ${Class.name}, which says what to do`, async (t) => {
    const error = await t.throwsAsync(call(new TaskClient(db.pool)), {
      instanceOf: Class,
      name: Class.name,
      code,
      message,
    })
    t.true(error instanceof KanthorqError)
    const { cause } = error
    if (!(cause instanceof pg.DatabaseError)) return t.fail('its cause is the error of PostgreSQL')
    t.truthy(error.hint)
    t.like(error, { hint: cause.hint, message: `${cause.message}. ${cause.hint ?? ''}` })
  })
}

test('what is not ours passes through untouched', async (t) => {
  const fail = (error: Error) => Promise.reject(error)
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
  ] as unknown[]) {
    const failing = { query: () => fail(error as Error) } as unknown as Queryable
    const thrown = await new TaskClient(failing).cancel('any', []).catch((why: unknown) => why)
    t.is(thrown, error)
  }
})

test('a permission denied and a closed connection pass through', async (t) => {
  const client = new pg.Client(as(await createRole(db.ownerUrl), db.ownerUrl))
  await client.connect()
  const call = () => new TaskClient(client).cancel('send_email', [])
  await t.throwsAsync(call, { instanceOf: pg.DatabaseError, code: '42501' })
  await client.end()
  await t.throwsAsync(call, { message: /closed/ })
})
