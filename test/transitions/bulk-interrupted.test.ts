// The procedures that move all tasks, stopped in the middle: only whole batches are done, and another call goes on.
import test, { type ExecutionContext } from 'ava'
import { callProcedure, loggedOperations, untilProcess } from '../support/bulk.ts'
import { useDatabase } from '../support/database.ts'
import { fillTable, makeConsumer, storedTasks } from '../support/scene.ts'
import { openSession, processOf, untilBlocked } from '../support/sessions.ts'

const db = useDatabase(test)

const count = 100
const batchSize = 10

for (const [stop, code] of [
  ['pg_cancel_backend', '57014'],
  ['pg_terminate_backend', '57P01'],
] as const) {
  test.serial(`${stop} leaves only whole batches`, async (t) => {
    const consumer = await makeConsumer(db, stop)
    await fillTable(db, consumer, count, ['available'])
    const session = await openSession(t, db.sessions)
    const holder = await openSession(t, db.owner)
    const pid = await processOf(session)

    const { call } = await new Promise<{ call: Promise<unknown> }>((resolve, reject) => {
      // The pauses give the lock time to be there before the last batch.
      const call = callProcedure(session, procedure(consumer, '150 milliseconds'), (notices) => {
        if (notices === 2) resolve({ call })
      })
      call.catch(reject)
    })
    await holder.query('begin; lock table kanthorq_task_operation in share mode')
    await untilBlocked(db.owner, [pid])
    await db.owner.query(`select ${stop}($1)`, [pid])
    await t.throwsAsync(call, { code })
    await holder.query('rollback')
    // A process that is terminated says so before it lets its locks go.
    if (code === '57P01') await untilProcess(db.owner, pid, 'gone')

    const done = await movedTasks(t, consumer)
    t.true(done >= 2 * batchSize && done < count, `${done} tasks are done`)
    const another = await openSession(t, db.pool)
    t.is((await callProcedure(another, procedure(consumer))).updated, count - done)
    t.is(await movedTasks(t, consumer), count)
  })
}

/** Counts the moved tasks. The log has to name exactly them, each once, in whole batches. */
async function movedTasks(t: ExecutionContext, consumer: string): Promise<number> {
  const operations = await loggedOperations(db, consumer)
  const moved = [...(await storedTasks(db, consumer)).values()].filter(
    ({ state }) => state === 'cancelled',
  )
  t.deepEqual(
    operations.flatMap(({ event_ids }) => event_ids).sort(),
    moved.map(({ event_id }) => event_id).sort(),
  )
  t.true(operations.every(({ event_ids }) => event_ids.length === batchSize))
  return moved.length
}

function procedure(consumer: string, pause = '0'): string {
  return `kanthorq_task_cancel_all('${consumer}', '{available}', batch_size => ${batchSize}, pause => '${pause}')`
}
