import test from 'ava'
import { TaskClient } from 'kanthorq-tasks'
import { useDatabase } from '../support/database.ts'
import { makeConsumer, makeTasks, statesOf, storedTasks, taskTable } from '../support/scene.ts'
import { claim } from '../support/worker.ts'

const db = useDatabase(test)

test('a task can be resumed as often as it fails, and is never stranded', async (t) => {
  const consumer = await makeConsumer(db, 'failing')
  const ids = await makeTasks(db, consumer, ['retryable'])
  const tasks = new TaskClient(db.pool)
  t.is(await attemptsUntilDiscarded(consumer), 3)

  for (let round = 1; round <= 10; round++) {
    t.deepEqual(await tasks.resume(consumer, ids), { updated: ids, noop: [] })
    t.deepEqual(await claim(db, consumer, 'running'), ids, `round ${round}`)
    await fail(consumer)
    t.deepEqual(await statesOf(db, consumer, ids), ['discarded'])
  }
  const task = (await storedTasks(db, consumer)).get(ids[0] ?? '')
  t.is(task?.attempted_error.length, 13, 'no error of all those attempts is lost')
  t.deepEqual(task?.metadata, { customer: '42' })
})

test('with resetAttempts all attempts are there again', async (t) => {
  const consumer = await makeConsumer(db, 'reset', 5)
  const ids = await makeTasks(db, consumer, ['retryable'])
  const tasks = new TaskClient(db.pool)
  t.is(await attemptsUntilDiscarded(consumer), 5)

  for (let round = 1; round <= 3; round++) {
    await tasks.resume(consumer, ids, { resetAttempts: true })
    t.is(await attemptsUntilDiscarded(consumer), 5)
    await tasks.resume(consumer, ids)
    t.is(await attemptsUntilDiscarded(consumer), 1)
  }
})

/** Has workers try the consumer's only task, each time as soon as it is due, until it is discarded. */
async function attemptsUntilDiscarded(consumer: string): Promise<number> {
  const table = await taskTable(db, consumer)
  for (let attempts = 0; ; attempts++) {
    await db.owner.query(`update ${table} set schedule_at = 1000`)
    const taken = [
      ...(await claim(db, consumer, 'running')),
      ...(await claim(db, consumer, 'retryable')),
    ]
    if (taken.length === 0) return attempts
    await fail(consumer)
  }
}

/** What a worker does when the handler throws: the task is retryable, or discarded if that was its last attempt. */
async function fail(consumer: string) {
  await db.owner.query('select test.fail($1, event_id) from test.tasks($1)', [consumer])
}
