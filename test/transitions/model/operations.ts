// The log of operations, and undo.
import type { TransitionResult } from 'kanthorq-tasks'
import type { ModelConsumer, ModelTask } from './task.ts'
import { divide, type Action } from './transitions.ts'

/** A call, or a batch, that changed something. */
export interface ModelOperation {
  readonly action: Action | 'undo'
  readonly consumer: string
  readonly reason: string | null
  /** When it was made, epoch milliseconds. */
  readonly at: number
  /** Id of the operation that it undid. */
  readonly undoes: string | null
  /** Each task that changed, as it was before and after. */
  changes: readonly Change[]
  /** The number that the database gave it; empty until it has been seen there. */
  id: string
}

export interface Change {
  readonly before: ModelTask
  readonly after: ModelTask
}

/** The oldest operation first. */
export type ModelLog = ModelOperation[]

/** What changed nothing is not logged. */
export function record(
  log: ModelLog,
  entry: Omit<ModelOperation, 'id' | 'at'> & { readonly now: number },
): void {
  const { action, consumer, reason, now, undoes, changes } = entry
  if (changes.length > 0) log.push({ id: '', action, consumer, reason, at: now, undoes, changes })
}

/** What an operation may have written, and an undo puts back. An undo may have written all of it. */
const written = {
  cancel: ['state', 'finalized_at', 'updated_at'],
  discard: ['state', 'finalized_at', 'updated_at'],
  resume: ['state', 'finalized_at', 'updated_at', 'schedule_at', 'attempt_count'],
  undo: ['state', 'finalized_at', 'updated_at', 'schedule_at', 'attempt_count'],
} as const

/**
 * What tells whether anything has moved the task since: our calls change updated_at, KanthorQ's workers the state, the
 * number of attempts, or the time at which it was finalized.
 */
const fingerprint = ['state', 'updated_at', 'finalized_at', 'attempt_count'] as const

/** Puts the tasks of an operation back to what they were, where they are as it left them. Is an operation itself. */
export function undo(
  log: ModelLog,
  consumer: ModelConsumer,
  operation: ModelOperation,
  order: { readonly now: number; readonly reason: string | null },
): TransitionResult {
  const changes = operation.changes.flatMap(({ before, after }) => {
    const task = consumer.tasks.get(before.event_id)
    if (task === undefined || fingerprint.some((column) => task[column] !== after[column]))
      return []
    const back = Object.fromEntries(
      written[operation.action].map((column) => [column, before[column]]),
    )
    return [{ before: task, after: { ...task, ...back } }]
  })
  for (const { after } of changes) consumer.tasks.set(after.event_id, after)
  record(log, {
    action: 'undo',
    consumer: operation.consumer,
    ...order,
    undoes: operation.id,
    changes,
  })
  return divide(
    operation.changes.map(({ before }) => before.event_id),
    new Set(changes.map(({ before }) => before.event_id)),
  )
}
