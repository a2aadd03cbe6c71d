import test from 'ava'
import type { ReasonOptions, ResumeOptions, TaskClient, TaskFilter, Tasks, TaskState } from 'kanthorq-tasks'
import type { MigrateOptions } from 'kanthorq-tasks/migrate'
import { useDatabase } from '../support/database.ts'

const db = useDatabase(test)

const states = [
  'discarded',
  'cancelled',
  'pending',
  'available',
  'running',
  'completed',
  'retryable',
] as const satisfies readonly TaskState[]

// What the compiler has to find true: `npm run typecheck` is the test.
export const everyState: TaskState extends (typeof states)[number] ? true : false = true

interface Order {
  customer: string
}

// What it has to accept. Never called.
export async function accepted(tasks: TaskClient, order: Order, createdAfter: Date | undefined) {
  const filter: TaskFilter = { metadata: order, createdAfter, states: undefined, subject: undefined, error: undefined }
  const migration: MigrateOptions = { database: '', schema: undefined, count: undefined, direction: undefined, log: undefined }
  await tasks.cancelAll('send_email', filter, { maxTasks: undefined, signal: undefined, onProgress: undefined })
  for (const id of ['1', 1, 1n]) await tasks.undo(id)
  const stub: Pick<Tasks, 'cancel' | 'count'> = {
    cancel: (_, ids) => Promise.resolve({ updated: ids.map(String), noop: [] }),
    count: () => Promise.resolve(0),
  }
  const all: Tasks = tasks
  return { stub, all, migration }
}

// What it has to refuse. Never called.
export function refused(tasks: TaskClient) {
  const reasonOptions: ReasonOptions = { reason: 'INC-42' }
  const resumeOptions: ResumeOptions = { ...reasonOptions, scheduleAt: new Date() }
  // @ts-expect-error cancel has no schedule
  void tasks.cancel('send_email', [], { scheduleAt: new Date() })
  // @ts-expect-error a misspelt option
  void tasks.resume('send_email', [], { resetAttempt: true })
  // @ts-expect-error times are Dates, never epoch numbers
  void tasks.resume('send_email', [], { scheduleAt: 1700000000000 })
  // @ts-expect-error event ids are strings
  void tasks.cancel('send_email', [42])
  // @ts-expect-error no id is null
  void tasks.cancel('send_email', [null])
  // @ts-expect-error one id is not a list of ids
  void tasks.cancel('send_email', 'event_01')
  // @ts-expect-error a consumer is named by its name, not by its id
  void tasks.cancel({ id: 'consumer_01' }, [])
  return resumeOptions
}

test('the states are those that the database knows', async (t) => {
  const { rows } = await db.owner.query<{ name: string }>('select name from _kanthorq_task_states() order by code')
  t.deepEqual(
    rows.map((row) => row.name),
    [...states],
  )
})
