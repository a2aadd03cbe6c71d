// Managing tasks from an application: cancel some, look at the answer, resume them.
//
// Needs a database into which kanthorq-tasks has been installed, named by DATABASE_URL. It registers a stream and a
// consumer of its own there, so that it starts from nothing; `npm run demo` runs it on a throw-away database.
import pg from 'pg'
import { NotFoundError, TaskClient, type TaskState } from 'kanthorq-tasks'

const stream = 'order_update'
const consumer = 'send_email'

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

chapter('Cancel them again: there is nothing left to do, and that is no error')
showResult(await tasks.cancel(consumer, cancelled.updated))

chapter('Resume the cancelled tasks, and one that had been discarded: workers will pick them up')
showResult(await tasks.resume(consumer, [...cancelled.updated, ids.discarded, ids.running]))
await showTasks()

chapter('Why can one of them be cancelled and another not?')
for (const { state, why } of await tasks.explain(consumer, Object.values(ids))) {
  console.log(`${(state ?? '').padEnd(10)} ${why}`)
}

chapter('Every call is in the log, and can be undone where nothing has touched the tasks since')
const [last] = await tasks.operations(consumer, { maxOperations: 1 })
console.log(`${last?.action} of ${last?.tasks} tasks, from ${JSON.stringify(last?.fromStates)}`)
showResult(await tasks.undo(last?.id ?? '', { reason: 'on second thoughts' }))
await showTasks()

chapter('A call is part of the transaction it is made in')
const client = await pool.connect()
await client.query('begin')
const { updated } = await new TaskClient(client).cancel(consumer, [
  await makeTask('order.late', 'available'),
])
await client.query('rollback')
client.release()
console.log(`cancelled ${updated.join()} and rolled back: it is available still`)
await showTasks()

chapter('What can go wrong has a class of its own')
try {
  await tasks.cancel('send_mail', cancelled.updated)
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

/** What a publisher and a consumer of KanthorQ do: an event goes into the stream, and a task comes of it. */
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
