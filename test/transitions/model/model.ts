// The model: what tasks are, and what each call and KanthorQ make of them. It knows nothing of SQL.
import type { TaskState } from 'kanthorq-tasks'

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
  readonly metadata: Readonly<Record<string, unknown>>
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
  readonly bulk_id: string | null
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

export function sorted(tasks: Iterable<Task>): Task[] {
  return [...tasks].sort((a, b) => (a.event_id < b.event_id ? -1 : 1))
}

/** Our operation that moved the task last. */
const lastMove = new WeakMap<Task, object>()

/** Replaces a task by what it has become, by our operation or as it was under an earlier one; or by KanthorQ. */
export function change({ tasks }: Consumer, task: Task, move?: object): void {
  const by = move ?? lastMove.get(tasks.get(task.event_id) ?? task)
  if (by !== undefined) lastMove.set(task, by)
  tasks.set(task.event_id, task)
}

// Cancel, resume, discard and undo.

export type Action = 'cancel' | 'resume' | 'discard'

/** What a call writes: its own time, and for resume when the first task is due, and how much later each of the others. */
export interface Order {
  readonly now: number
  readonly due: number
  readonly step: number
  /** How many tasks the batches before have moved. */
  readonly before: number
  readonly resetAttempts: boolean
}

interface Transition {
  readonly from: readonly TaskState[]
  readonly becomes: (task: Task, attemptMax: number, order: Order, nth: number) => Partial<Task>
}

export const transitions: Readonly<Record<Action, Transition>> = {
  cancel: {
    from: ['pending', 'available', 'retryable'],
    becomes: (_task, _attemptMax, { now }) => ({ state: 'cancelled', finalized_at: now }),
  },
  resume: {
    from: ['discarded', 'cancelled'],
    becomes: (task, attemptMax, { due, step, before, resetAttempts }, nth) => {
      const most = resetAttempts ? 0 : Math.max(attemptMax - 1, 0)
      const attempt_count = Math.min(task.attempt_count, most)
      const schedule_at = due + Math.round(step * (before + nth))
      return { state: 'running', finalized_at: 0, schedule_at, attempt_count }
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
  consumer: Consumer,
  action: Action,
  tasks: readonly Task[],
  order: Order,
): Changes {
  return tasks.map((before, nth) => {
    const becomes = transitions[action].becomes(before, consumer.attemptMax, order, nth)
    const updated_at = Math.max(order.now, before.updated_at + 1)
    const after = { ...before, ...becomes, updated_at }
    change(consumer, after, {})
    return { before, after }
  })
}

const restored = ['state', 'schedule_at', 'finalized_at', 'attempt_count', 'updated_at'] as const

/** Puts back what an operation wrote, where the task is as it left it and no later operation has moved it. */
export function undo(consumer: Consumer, changes: Changes): Changes {
  return changes.flatMap(({ before, after }) => {
    const task = consumer.tasks.get(before.event_id)
    if (task === undefined || restored.some((key) => task[key] !== after[key])) return []
    if (lastMove.get(task) !== lastMove.get(after)) return []
    const back = { ...task, ...Object.fromEntries(restored.map((key) => [key, before[key]])) }
    change(consumer, back, lastMove.get(before) ?? before)
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

// Bulk calls go through the tasks in the order of their ids, up to the last that was there when they began.

/** A part of a filter: the arguments for it, and what they mean. */
export interface Part {
  readonly args: Readonly<Record<string, unknown>>
  readonly matches: (task: Task) => boolean
}
export type Filter = readonly Part[]

export function matches(task: Task, filter: Filter): boolean {
  return filter.every((part) => part.matches(task))
}

export interface BulkCall {
  readonly action: Action
  readonly filter: Filter
  readonly batchSize: number
  readonly maxTasks: number | null
  readonly reason: string | null
  readonly resetAttempts: boolean
  /** When the first resumed task is due; undefined: when the call begins, until the first batch has shown it. */
  due: number | undefined
  /** Hours over which the resumed tasks are spread. */
  readonly spread: number
}

export interface Bulk extends BulkCall {
  readonly consumer: Consumer
  /** Milliseconds from one resumed task to the next. */
  readonly step: number
  readonly last: string
  position: string
  moved: number
  /** The arguments of all its batches. */
  given?: Readonly<Record<string, unknown>>
  bulkId: string | null
  progress: string | null
  isOver: boolean
}

export function begin(call: BulkCall, consumer: Consumer, now: number): Bulk {
  const isMeant = (task: Task) =>
    takes(call.action, consumer, task, now) && matches(task, call.filter)
  const count = [...consumer.tasks.values()].filter(isMeant).length
  const step = (call.spread * 3_600_000) / Math.max(Math.min(count, call.maxTasks ?? Infinity), 1)
  const last = sorted(consumer.tasks.values()).at(-1)?.event_id ?? ''
  const start = { position: '', moved: 0, bulkId: null, progress: null, isOver: false }
  return { ...call, consumer, step, last, ...start }
}

/** The tasks of the next batch, in order. */
export function nextBatch(bulk: Bulk, now: number): Task[] {
  const { action, consumer, filter, last, maxTasks } = bulk
  const limit = Math.min(bulk.batchSize, (maxTasks ?? Infinity) - bulk.moved)
  const ahead = sorted(consumer.tasks.values()).filter(
    ({ event_id: id }) => id > bulk.position && id <= last,
  )
  const batch = ahead
    .filter((task) => takes(action, consumer, task, now) && matches(task, filter))
    .slice(0, limit)
  bulk.position = batch.at(-1)?.event_id ?? ''
  bulk.moved += batch.length
  bulk.isOver = batch.length < limit || bulk.moved === maxTasks || bulk.position === last
  return batch
}
