// The model: what tasks are, and what each call and KanthorQ make of them. It knows nothing of SQL.
import type { TaskState } from 'kanthorq-tasks'
import { matches, type Filter, type Metadata } from './filter.ts'

/** A row of a consumer's table, with the state by name. A task that changes is replaced by a new object. */
export interface Task {
  readonly event_id: string
  readonly subject: string
  readonly state: TaskState
  readonly schedule_at: number
  readonly finalized_at: number
  readonly attempt_count: number
  readonly attempted_at: number
  readonly attempted_error: readonly { at: number; error: string; stack: string }[]
  readonly metadata: Metadata
  readonly created_at: number
  readonly updated_at: number
}

export interface Consumer {
  readonly name: string
  readonly attemptMax: number
  readonly tasks: Map<string, Task>
}

export interface LogRow {
  readonly id: string
  readonly action: string
  readonly consumer_name: string
  readonly reason: string | null
  readonly undoes: string | null
  readonly event_ids: readonly string[]
}

export type Changes = readonly { readonly before: Task; readonly after: Task }[]

export interface Model {
  readonly consumers: readonly Consumer[]
  /** The oldest operation first. */
  readonly log: { readonly row: LogRow; readonly changes: Changes }[]
  /** Bulk calls between two batches. */
  readonly open: Set<Bulk>
  readonly inTransaction: boolean
  /** What has happened, so that the test can tell that it tried what it is there to try. */
  readonly happened: Set<string>
}

/** Our operation that moved the task last. */
const lastMove = new WeakMap<Task, object>()

/** Replaces a task by what it has become, by our operation or as it was under an earlier one; or by KanthorQ. */
export function change({ open }: Model, consumer: Consumer, task: Task, move?: object): void {
  const by = move ?? lastMove.get(consumer.tasks.get(task.event_id) ?? task)
  if (by !== undefined) lastMove.set(task, by)
  consumer.tasks.set(task.event_id, task)
  for (const bulk of open) if (bulk.consumer === consumer) bulk.toMove.delete(task.event_id)
}

// Cancel, resume, discard and undo.

export type Action = 'cancel' | 'resume' | 'discard'

/** What a call writes: its own time, and for resume when the tasks are due. */
export interface Order {
  readonly now: number
  readonly dueAt: (id: string) => number
  readonly resetAttempts: boolean
}

interface Transition {
  readonly from: readonly TaskState[]
  readonly becomes: (task: Task, attemptMax: number, order: Order) => Partial<Task>
}

export const transitions: Readonly<Record<Action, Transition>> = {
  cancel: {
    from: ['pending', 'available', 'retryable'],
    becomes: (_task, _attemptMax, { now }) => ({ state: 'cancelled', finalized_at: now }),
  },
  resume: {
    from: ['discarded', 'cancelled'],
    becomes: (task, attemptMax, { dueAt, resetAttempts }) => {
      const most = resetAttempts ? 0 : Math.max(attemptMax - 1, 0)
      const attempt_count = Math.min(task.attempt_count, most)
      return { state: 'running', finalized_at: 0, schedule_at: dueAt(task.event_id), attempt_count }
    },
  },
  discard: {
    from: ['running'],
    becomes: (_task, _attemptMax, { now }) => ({ state: 'discarded', finalized_at: now }),
  },
}

export const actions = Object.keys(transitions) as Action[]

export function takes(action: Action, { attemptMax }: Consumer, task: Task, now: number): boolean {
  const isTaken = transitions[action].from.includes(task.state)
  return isTaken && (action !== 'discard' || isStuck(task, attemptMax, now))
}

/** No worker will ever take it. */
export function isStuck(task: Task, attemptMax: number, now: number): boolean {
  return task.state === 'running' && task.schedule_at < now && task.attempt_count > attemptMax
}

/** updated_at always grows, even if it is ahead of the clock. */
export function move(
  model: Model,
  consumer: Consumer,
  action: Action,
  tasks: readonly Task[],
  order: Order,
): Changes {
  return tasks.map((before) => {
    const becomes = transitions[action].becomes(before, consumer.attemptMax, order)
    const updated_at = Math.max(order.now, before.updated_at + 1)
    const after = { ...before, ...becomes, updated_at }
    change(model, consumer, after, {})
    return { before, after }
  })
}

/** Puts back what an operation wrote, where the task is as it left it and no later operation has moved it. */
export function undo(model: Model, consumer: Consumer, changes: Changes): Changes {
  const fingerprint = ['state', 'updated_at', 'finalized_at', 'attempt_count'] as const
  return changes.flatMap(({ before, after }) => {
    const task = consumer.tasks.get(before.event_id)
    if (task === undefined || fingerprint.some((key) => task[key] !== after[key])) return []
    if (lastMove.get(task) !== lastMove.get(after)) return []
    const { state, updated_at, finalized_at, schedule_at, attempt_count } = before
    const back = { ...task, state, updated_at, finalized_at, schedule_at, attempt_count }
    change(model, consumer, back, lastMove.get(before) ?? before)
    lastMove.set(before, lastMove.get(back) ?? before)
    return [{ before: task, after: back }]
  })
}

// KanthorQ, which never touches updated_at.

/** Whether its pullers take the task as soon as it is due. */
export function isPulled({ state, attempt_count }: Task, attemptMax: number): boolean {
  return (state === 'running' || state === 'retryable') && attempt_count <= attemptMax
}

/** What KanthorQ makes of a task, or undefined if it leaves it alone. `due` is when it may be pulled next. */
type Work = (task: Task, attemptMax: number, now: number, due: number) => Partial<Task> | undefined

export const kanthorq: Readonly<Record<string, Work>> = {
  pull: (task, attemptMax, now, schedule_at) =>
    isPulled(task, attemptMax) && task.schedule_at < now
      ? { state: 'running', attempt_count: task.attempt_count + 1, attempted_at: now, schedule_at }
      : undefined,
  complete: ({ state }, _, now) =>
    state === 'running' ? { state: 'completed', finalized_at: now } : undefined,
  fail: (task, attemptMax, now) => {
    if (task.state !== 'running') return undefined
    const attempted_error = [...task.attempted_error, { at: now, error: 'again', stack: '' }]
    return task.attempt_count >= attemptMax
      ? { state: 'discarded', finalized_at: now, attempted_error }
      : { state: 'retryable', attempted_error }
  },
  cancel: ({ state }, _, now) =>
    transitions.cancel.from.includes(state) ? { state: 'cancelled', finalized_at: now } : undefined,
  resume: ({ state }) =>
    transitions.resume.from.includes(state) ? { state: 'running', finalized_at: 0 } : undefined,
}

// Bulk calls. In which order they go through the tasks is their own affair.

export interface BulkCall {
  readonly action: Action
  readonly filter: Filter
  readonly batchSize: number
  readonly maxTasks: number | null
  readonly reason: string | null
  readonly resetAttempts: boolean
  /** When the first resumed task is due; left out: when the call began. */
  readonly due: number | undefined
  /** Hours over which the resumed tasks are spread. */
  readonly spread: number
}

export interface Bulk extends BulkCall {
  readonly consumer: Consumer
  /** When it began, at the earliest and at the latest. */
  readonly from: number
  to: number
  /** When the first resumed task is due, once that is known. */
  first: number | undefined
  /** Milliseconds from one resumed task to the next. */
  step: number
  progress: string | null
  /** Tasks that were there for it when it began, and that nobody has changed since. */
  readonly toMove: Map<string, Task>
  readonly moved: Set<string>
}

export function begin(call: BulkCall, consumer: Consumer, now: number): Bulk {
  const start = { ...call, consumer, from: now, to: now, first: call.due, progress: null, step: 0 }
  const bulk: Bulk = { ...start, toMove: new Map(), moved: new Set() }
  for (const [id, task] of consumer.tasks) if (isMeant(bulk, task)) bulk.toMove.set(id, task)
  const count = Math.min(bulk.toMove.size, call.maxTasks ?? Infinity)
  bulk.step = (call.spread * 3_600_000) / Math.max(count, 1)
  return bulk
}

/** Nothing is moved twice, and nothing that came, or was finished, after the call began. */
export function mayMove(bulk: Bulk, task: Task): boolean {
  if (bulk.moved.has(task.event_id)) return false
  return bulk.toMove.has(task.event_id) || (isMeant(bulk, task) && !isLater(bulk, task))
}

function isMeant(bulk: Bulk, task: Task): boolean {
  return takes(bulk.action, bulk.consumer, task, bulk.to) && matches(task, bulk.filter)
}

function isLater({ to }: Bulk, task: Task): boolean {
  return task.created_at > to || task.finalized_at > to
}
