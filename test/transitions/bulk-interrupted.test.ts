// The procedures that move all tasks, stopped in the middle: only whole batches are done, and another call goes on.
import test, { type ExecutionContext } from 'ava'
import type pg from 'pg'
import { callProcedure, loggedOperations, untilProcess } from '../support/bulk.ts'
import { useDatabase } from '../support/database.ts'
import { fillTable, makeConsumer, storedTasks } from '../support/scene.ts'
import { processOf, untilBlocked } from '../support/sessions.ts'

const db = useDatabase(test)

const count = 200
const batchSize = 10
// After which batch.
const moments = [1, 2, 3, 5, 8, 13]

const ways = {
  'a cancel request': 'pg_cancel_backend',
  'a killed connection': 'pg_terminate_backend',
} as const

for (const [way, stop] of Object.entries(ways)) {
  test.serial(`${way} while a batch is being logged leaves only whole batches`, async (t) => {
    for (const moment of moments) {
      const consumer = await makeConsumer(db, `${stop}_logged_${moment}`)
      // The pauses give the lock time to be there before the last batch.
      await interrupt(t, consumer, stop, moment, holdBatch, '150 milliseconds')
      const done = (await loggedOperations(db, consumer)).length
      t.true(done >= moment && done < count / batchSize, `${done} batches are done`)
      await complete(t, consumer)
    }
  })

  test.serial(`${way} at any moment leaves only whole batches`, async (t) => {
    for (const moment of moments) {
      const consumer = await makeConsumer(db, `${stop}_any_${moment}`)
      await interrupt(t, consumer, stop, moment, () => Promise.resolve(() => Promise.resolve()))
      await complete(t, consumer)
    }
  })

  test.serial(`${way} between two batches leaves those before it`, async (t) => {
    const consumer = await makeConsumer(db, `${stop}_between`)
    await interrupt(
      t,
      consumer,
      stop,
      1,
      async (pid) => {
        await untilProcess(db.owner, pid, 'sleeps')
        return () => Promise.resolve()
      },
      '1 hour',
    )
    t.is((await loggedOperations(db, consumer)).length, 1)
    await complete(t, consumer)
  })
}

/** Has the next batch wait, its tasks already moved, until what is returned is called. */
async function holdBatch(pid: number): Promise<() => Promise<void>> {
  const holder = await db.owner.connect()
  await holder.query('begin')
  await holder.query('lock table kanthorq_task_operation in share mode')
  await untilBlocked(db.owner, [pid])
  return async () => {
    await holder.query('rollback')
    holder.release()
  }
}

/**
 * Begins to cancel the consumer's tasks, stops it after so many batches, and checks what is left.
 *
 * @param hold - arranges the moment, and returns what has to be done after it
 */
async function interrupt(
  t: ExecutionContext,
  consumer: string,
  stop: string,
  moment: number,
  hold: (pid: number) => Promise<() => Promise<unknown>>,
  pause = '0',
): Promise<void> {
  await fillTable(db, consumer, count, ['available'])
  const session = await db.sessions.connect()
  session.on('error', () => undefined)
  const pid = await processOf(session)
  const { outcome } = await new Promise<{ outcome: Promise<unknown> }>((resolve, reject) => {
    const outcome = callProcedure(session, procedure(consumer, pause), (notices) => {
      if (notices === moment) resolve({ outcome })
    })
    outcome.catch(reject)
  })
  const release = await hold(pid)
  await db.owner.query(`select ${stop}($1)`, [pid])
  // Only where the moment is not arranged may the call be over before.
  const [call] = await Promise.allSettled([outcome])
  await release()
  // Until then, it may hold the tasks of the batch that it was at.
  session.release(true)
  await untilProcess(db.owner, pid, 'gone')
  if (call.status === 'rejected') {
    t.regex((call.reason as pg.DatabaseError).code ?? '57P01', /^57014$|^57P01$/)
  }
  await agree(t, consumer)
}

/** Calls it once more, and checks that all is done. */
async function complete(t: ExecutionContext, consumer: string): Promise<void> {
  const before = await agree(t, consumer)
  const session = await db.pool.connect()
  const { updated } = await callProcedure(session, procedure(consumer))
  session.release()
  t.is(before + updated, count)
  t.is(await agree(t, consumer), count)
}

/** Checks that the log names exactly the tasks that were moved, each once, in whole batches. Returns how many. */
async function agree(t: ExecutionContext, consumer: string): Promise<number> {
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
