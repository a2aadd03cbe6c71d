// Task management from an application: cancel, resume, explain, undo.
//
// DATABASE_URL names a database with kanthorq-tasks, such as that of `npm run db`, and without this consumer.
import pg from 'pg'
import { NotFoundError, TaskClient, type TaskState } from 'kanthorq-tasks'

const stream = 'shop'
const consumer = 'send_receipt'

const pool = new pg.Pool({ connectionString: process.env['DATABASE_URL'] })
const tasks = new TaskClient(pool)

chapter(`A consumer, ${consumer}, and a task of it in every state`)
await pool.query('select kanthorq_stream_register($1)', [stream])
await pool.query('select kanthorq_consumer_register($1, $2, $3)', [stream, consumer, ['order.>']])
const ids = {
  pending: await makeTask('order.parked', 'pending'),
  available: await makeTask('order.queued', 'available'),
  retryable: await makeTask('order.retrying', 'retryable'),
  running: await makeTask('order.sending', 'running'),
  completed: await makeTask('order.sent', 'completed'),
  discarded: await makeTask('order.bounced', 'discarded'),
  unknown: 'event_00000000000000000000000000',
}
await showTasks()

chapter('Cancel a mix of them: only pending, available and retryable tasks can be cancelled')
const cancelled = await tasks.cancel(
  consumer,
  [ids.pending, ids.available, ids.retryable, ids.running, ids.completed, ids.unknown],
  { reason: 'the customer called' },
)
showResult(cancelled)
await showTasks()

chapter('Cancel them again: each is a no-op, not an error')
showResult(await tasks.cancel(consumer, cancelled.updated))

chapter('Resume the cancelled tasks and a discarded one: workers will take them')
showResult(await tasks.resume(consumer, [...cancelled.updated, ids.discarded, ids.running]))
await showTasks()

chapter('Ask why a task can or cannot be cancelled')
for (const { state, why } of await tasks.explain(consumer, Object.values(ids))) {
  console.log(`${(state ?? '').padEnd(10)} ${why}`)
}

chapter('Undo the last operation of the log, where nothing has changed the tasks since')
const [last] = await tasks.operations(consumer, { maxOperations: 1 })
console.log(`${last?.action} of ${last?.tasks} tasks, from ${JSON.stringify(last?.fromStates)}`)
showResult(await tasks.undo(last?.id ?? '', { reason: 'on second thoughts' }))
await showTasks()

chapter('Cancel in a transaction, and roll back')
const client = await pool.connect()
await client.query('begin')
const { updated } = await new TaskClient(client).cancel(consumer, [await makeTask('order.late', 'available')])
await client.query('rollback')
client.release()
console.log(`cancelled ${updated.join()} and rolled back: the task is available`)
await showTasks()

chapter('Catch an error by its class')
try {
  await tasks.cancel('send_reciept', cancelled.updated)
} catch (error) {
  if (!(error instanceof NotFoundError)) throw error
  console.log(`${error.name} ${error.code}: ${error.message}`)
}

await pool.end()

function chapter(title: string): void {
  console.log(`\n${title}\n`)
}

function showResult({ updated, noop }: { updated: string[]; noop: string[] }): void {
  console.log('updated', updated)
  console.log('noop   ', noop)
}

/** Publishes an event and makes its task, as KanthorQ does. */
async function makeTask(subject: string, state: TaskState): Promise<string> {
  const { rows } = await pool.query<{ event_id: string }>(
    `select event_id from kanthorq_task_convert($1, array[kanthorq_stream_publish($2, $3, '{"order": 42}')], $4)`,
    [consumer, stream, subject, state],
  )
  return rows[0]?.event_id ?? ''
}

async function showTasks(): Promise<void> {
  const found = await tasks.find(consumer, {}, { oldestFirst: true })
  console.table(
    found.map(({ eventId, subject, state, attemptCount, scheduleAt }) => ({
      eventId,
      subject,
      state,
      attemptCount,
      scheduleAt,
    })),
  )
}
