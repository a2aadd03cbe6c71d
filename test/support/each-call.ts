import type pg from 'pg'
import { TaskClient, type TaskState } from 'kanthorq-tasks'
import type { TestDatabase } from './database.ts'
import { makeConsumer, makeTasks, only, taskTable } from './scene.ts'

/** Each call that moves tasks: what two tasks have to be for it, and what it makes of them. */
const calls = {
  cancel: { from: 'retryable', to: 'cancelled' },
  resume: { from: 'discarded', to: 'running' },
  discard: { from: 'running', to: 'discarded' },
  undo: { from: 'retryable', to: 'retryable' },
  kanthorq_task_batch: { from: 'retryable', to: 'cancelled' },
} as const

export type CallName = keyof typeof calls
export const callNames = Object.keys(calls) as CallName[]

/** A call, and two tasks that it would move. */
export interface ReadyCall {
  consumer: string
  table: string
  ids: string[]
  /** What it makes of them. */
  to: TaskState
  /** Makes the call for both. Returns how many it moved. */
  make: (session: pg.ClientBase) => Promise<number>
}

/** Makes a consumer with two tasks for the call. */
export async function readyCall(
  db: TestDatabase,
  name: CallName,
  consumerName: string,
): Promise<ReadyCall> {
  const { from, to } = calls[name]
  const consumer = await makeConsumer(db, consumerName)
  const table = await taskTable(db, consumer)
  const ids = await makeTasks(db, consumer, [from, from])
  // Spent, for discard; the others take tasks with any.
  await db.owner.query(`update ${table} set attempt_count = 9`)
  return { consumer, table, ids, to, make: await callFor(db, name, consumer, ids) }
}

async function callFor(
  db: TestDatabase,
  name: CallName,
  consumer: string,
  ids: string[],
): Promise<ReadyCall['make']> {
  switch (name) {
    case 'undo': {
      await new TaskClient(db.pool).cancel(consumer, ids)
      const [operation = { id: '' }] = await new TaskClient(db.pool).operations(consumer)
      return async (session) => (await new TaskClient(session).undo(operation)).updated.length
    }
    case 'kanthorq_task_batch':
      return async (session) => {
        const sql = "select updated from kanthorq_task_batch('cancel', $1, '{retryable}')"
        return Number(only(await session.query<{ updated: string }>(sql, [consumer])).updated)
      }
    default:
      return async (session) => (await new TaskClient(session)[name](consumer, ids)).updated.length
  }
}
