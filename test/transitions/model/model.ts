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
  /** The ids of the events of its stream. */
  readonly events: Set<string>
  /** The last event that a pull has read. */
  cursor: string
}

export type Changes = readonly { readonly before: Task; readonly after: Task }[]

/** An operation of the log. */
export interface Operation {
  readonly id: string
  readonly action: string
  readonly consumer: Consumer
  /** The first operation of the same bulk. */
  readonly bulk: string
  readonly changes: Changes
}

export interface Model {
  readonly consumers: readonly Consumer[]
  /** The oldest operation first. */
  readonly log: Operation[]
  /** Bulk calls between two batches. */
  readonly open: Set<Bulk>
  readonly inTransaction: boolean
  /** The calls that have moved tasks. */
  readonly happened: Set<string>
}

export function sorted({ tasks }: Consumer): Task[] {
  return [...tasks.values()].sort((a, b) => (a.event_id < b.event_id ? -1 : 1))
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

/** Cancel takes running tasks only when asked for, and discard those only that no worker will ever take. */
export function takes(action: Action, { attemptMax }: Consumer, task: Task, now: number, running: boolean): boolean {
  if (action === 'cancel' && running && task.state === 'running') return true
  const isStuck = task.schedule_at < now && task.attempt_count > attemptMax
  return transitions[action].from.includes(task.state) && (action !== 'discard' || isStuck)
}

/** updated_at always grows, even if it is ahead of the clock. */
export function move(consumer: Consumer, action: Action, tasks: readonly Task[], order: Order): Changes {
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
export function undo({ consumer, changes }: Operation): Changes {
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

// Bulk calls go through the tasks in the order of their ids, up to the last that was there when they began.

/** A part of a filter: the argument for it, and what it means. */
export interface Part {
  readonly args: Readonly<Record<string, unknown>>
  readonly matches: (task: Task) => boolean
}

export function matching(consumer: Consumer, filter: readonly Part[]): Task[] {
  return sorted(consumer).filter((task) => filter.every((part) => part.matches(task)))
}

export interface Bulk {
  readonly action: Action
  readonly filter: readonly Part[]
  readonly batchSize: number
  readonly maxTasks: number | null
  readonly reason: string | null
  readonly resetAttempts: boolean
  readonly running: boolean
  /** When the first resumed task is due; undefined: when the call begins, until the first batch has shown it. */
  due: number | undefined
  readonly consumer: Consumer
  /** The arguments of all its batches. */
  readonly args: Readonly<Record<string, unknown>>
  /** Milliseconds from one resumed task to the next. */
  readonly step: number
  /** How many tasks it would have moved when it began. */
  readonly found: number
  readonly last: string
  position: string
  moved: number
  bulkId: string | null
  progress: string | null
  isOver: boolean
}

/** Where a bulk call begins, whose tasks are to be spread over so many milliseconds. */
export function begin(
  { action, filter, maxTasks, running }: Pick<Bulk, 'action' | 'filter' | 'maxTasks' | 'running'>,
  consumer: Consumer,
  spread: number,
  now: number,
) {
  const isTaken = (task: Task) => takes(action, consumer, task, now, running)
  const count = matching(consumer, filter).filter(isTaken).length
  const found = Math.min(count, maxTasks ?? Infinity)
  const step = spread / Math.max(found, 1)
  const last = sorted(consumer).at(-1)?.event_id ?? ''
  return { step, found, last, position: '', moved: 0, bulkId: null, progress: null, isOver: false }
}

/** The tasks of the next batch, in order. */
export function nextBatch(bulk: Bulk, now: number): Task[] {
  const { action, consumer, filter, position, last, maxTasks } = bulk
  const limit = Math.min(bulk.batchSize, (maxTasks ?? Infinity) - bulk.moved)
  const batch = matching(consumer, filter)
    .filter(({ event_id }) => event_id > position && event_id <= last)
    .filter((task) => takes(action, consumer, task, now, bulk.running))
    .slice(0, limit)
  bulk.position = batch.at(-1)?.event_id ?? ''
  bulk.moved += batch.length
  bulk.isOver = batch.length < limit || bulk.moved === maxTasks || bulk.position === last
  return batch
}

// Workers. Neither ours nor KanthorQ's touch updated_at.

/** The visibility timeout of all consumers, in milliseconds. */
export const lease = 300_000

export interface Pull {
  readonly maxTasks: number
  readonly matches: (subject: string) => boolean
  readonly looksBack: boolean
}

/** What a pull may claim. */
export function isDue(
  { attemptMax }: Consumer,
  { state, subject, attempt_count, schedule_at }: Task,
  pull: Pull,
  now: number,
): boolean {
  return ['running', 'retryable'].includes(state) && attempt_count <= attemptMax && schedule_at < now && pull.matches(subject)
}

/** What a pull makes of a task that is due, and the first and last time at which its lease may end. */
export function claimed({ events }: Consumer, task: Task, now: number): { becomes: Task; from: number; to: number } {
  const backOff = task.attempt_count ** 4 * 1000
  const becomes = { ...task, state: 'running' as const, attempt_count: task.attempt_count + 1, attempted_at: now }
  const [from, to] = [now + lease + Math.floor(0.9 * backOff), now + lease + Math.ceil(1.1 * backOff)]
  if (events.has(task.event_id)) return { becomes, from, to }
  const attempted_error = [...task.attempted_error, { at: now, error: 'the event is gone', stack: 'kanthorq_task_pull' }]
  return { becomes: { ...becomes, state: 'discarded', finalized_at: now, attempted_error }, from, to }
}

/**
 * The events that a pull begins, in the order in which it does: new ones, for which it moves the cursor, and late ones. Of the new ones
 * only those that the worker takes need room.
 */
export function beginnable(consumer: Consumer, isTaken: (id: string) => boolean, { looksBack }: Pull, room: number): string[] {
  if (room <= 0) return []
  const ids = [...consumer.events].sort()
  const begins = (id: string) => !consumer.tasks.has(id)
  const fresh = ids.filter((id) => id > consumer.cursor)
  const cursor = fresh.filter((id) => begins(id) && isTaken(id))[room - 1] ?? fresh.at(-1) ?? consumer.cursor
  const wanted = fresh.filter((id) => begins(id) && id <= cursor)
  // The ids of the model are of all times: those from event_02 on are younger than any lookback.
  const late = ids.filter((id) => looksBack && id >= 'event_02' && id < cursor && begins(id) && !wanted.includes(id))
  consumer.cursor = cursor
  return [...wanted, ...late.slice(0, room - wanted.filter(isTaken).length)]
}

/** What a report makes of a task that is running, in the attempt that the worker holds. */
export interface Report {
  readonly now: number
  /** When a failed task is due again; undefined leaves that as it is. */
  readonly due: number | undefined
}

export const reports: Readonly<Record<string, (task: Task, attemptMax: number, report: Report) => Partial<Task>>> = {
  complete: (_task, _attemptMax, { now }) => ({ state: 'completed', finalized_at: now }),
  fail: (task, attemptMax, { now, due }) => {
    const attempted_error = [...task.attempted_error, { at: now, error: 'no', stack: 'no' }]
    const schedule_at = due ?? task.schedule_at
    return task.attempt_count >= attemptMax
      ? { state: 'discarded', finalized_at: now, attempted_error, schedule_at }
      : { state: 'retryable', attempted_error, schedule_at }
  },
  extend: ({ schedule_at }, _attemptMax, { now }) => ({ schedule_at: Math.max(schedule_at, now + lease) }),
  release: ({ attempt_count }, _attemptMax, { now }) => ({
    schedule_at: now,
    attempt_count: Math.max(attempt_count - 1, 0),
  }),
}

// KanthorQ.

/** What KanthorQ makes of a task, or undefined if it leaves it alone. `due` is when it may be pulled next. */
type Work = (task: Task, attemptMax: number, now: number, due: number) => Partial<Task> | undefined

export const kanthorq: Readonly<Record<string, Work>> = {
  pull: ({ state, schedule_at: at, attempt_count }, attemptMax, now, schedule_at) =>
    ['running', 'retryable'].includes(state) && attempt_count <= attemptMax && at < now
      ? { state: 'running', attempt_count: attempt_count + 1, attempted_at: now, schedule_at }
      : undefined,
  complete: ({ state }, _, now) => (state === 'running' ? { state: 'completed', finalized_at: now } : undefined),
  fail: (task, attemptMax, now) => {
    if (task.state !== 'running') return undefined
    const attempted_error = [...task.attempted_error, { at: now, error: 'again', stack: '' }]
    return task.attempt_count >= attemptMax
      ? { state: 'discarded', finalized_at: now, attempted_error }
      : { state: 'retryable', attempted_error }
  },
  cancel: ({ state }, _, now) =>
    transitions.cancel.from.includes(state) ? { state: 'cancelled', finalized_at: now } : undefined,
  resume: ({ state }) => (transitions.resume.from.includes(state) ? { state: 'running', finalized_at: 0 } : undefined),
}
