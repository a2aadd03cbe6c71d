// What the reading functions return.
import { matches, type ModelFilter } from './filter.ts'
import type { ModelLog } from './operations.ts'
import {
  hasAttemptsLeft,
  isStuck,
  lastError,
  states,
  type ModelConsumer,
  type ModelTask,
} from './task.ts'
import { takes } from './transitions.ts'

/** A row of type kanthorq_task. */
export function taskRow(task: ModelTask, consumer: ModelConsumer, now: number) {
  return {
    event_id: task.event_id,
    subject: task.subject,
    state: task.state,
    stuck: isStuck(task, consumer, now),
    schedule_at: time(task.schedule_at),
    finalized_at: time(task.finalized_at),
    attempt_count: task.attempt_count,
    attempt_max: consumer.attemptMax,
    attempted_at: time(task.attempted_at),
    last_error: lastError(task),
    metadata: task.metadata,
    created_at: time(task.created_at),
    updated_at: time(task.updated_at),
  }
}

export interface Page {
  /** The last event id of the page before. */
  readonly after: string | undefined
  readonly max_tasks: number
  readonly oldest_first: boolean
}

/** Newest event first. */
export function find(consumer: ModelConsumer, filter: ModelFilter, page: Page): ModelTask[] {
  const sign = page.oldest_first ? 1 : -1
  return [...consumer.tasks.values()]
    .filter((task) => matches(task, filter))
    .sort((a, b) => sign * (a.event_id < b.event_id ? -1 : 1))
    .filter(({ event_id: id }) => {
      if (page.after === undefined || id === page.after) return page.after === undefined
      return page.oldest_first === id > page.after
    })
    .slice(0, page.max_tasks)
}

export function count(consumer: ModelConsumer, filter: ModelFilter): number {
  return [...consumer.tasks.values()].filter((task) => matches(task, filter)).length
}

/** A row for each distinct id, in input order. */
export function explain(consumer: ModelConsumer, ids: readonly string[], now: number) {
  return [...new Set(ids)].map((id) => {
    const task = consumer.tasks.get(id)
    return {
      event_id: id,
      state: task?.state ?? null,
      can_cancel: takes('cancel', task, consumer, now),
      can_resume: takes('resume', task, consumer, now),
      can_discard: takes('discard', task, consumer, now),
      next_run_at: time(task === undefined ? 0 : nextRun(task, consumer, now)),
    }
  })
}

/** When a worker may take it, at the earliest; 0 if none ever will unless a person acts. */
function nextRun(task: ModelTask, consumer: ModelConsumer, now: number): number {
  const isWorked = task.state === 'running' || task.state === 'retryable'
  return isWorked && hasAttemptsLeft(task, consumer) ? Math.max(task.schedule_at, now) : 0
}

/** A row for each consumer and state that has tasks. */
export function stats(consumers: readonly ModelConsumer[], now: number) {
  const byName = consumers.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  return byName.flatMap((consumer) =>
    states.flatMap((state) => {
      const tasks = [...consumer.tasks.values()].filter((task) => task.state === state)
      const waiting = tasks.filter((task) => nextRun(task, consumer, now) > 0)
      const row = {
        consumer_name: consumer.name,
        state,
        tasks: tasks.length,
        oldest: earliest(tasks.map((task) => task.created_at)),
        next_due: earliest(waiting.map((task) => task.schedule_at)),
        stuck: tasks.filter((task) => isStuck(task, consumer, now)).length,
      }
      return tasks.length > 0 ? [row] : []
    }),
  )
}

export interface LogPage {
  readonly consumer: string | undefined
  /** Only operations that moved this task. */
  readonly event_id: string | undefined
  /** The last id of the page before. */
  readonly before: string | undefined
  readonly max_operations: number
}

/** Newest first. */
export function operations(log: ModelLog, page: LogPage) {
  return log
    .filter((operation) => page.consumer === undefined || operation.consumer === page.consumer)
    .filter(
      ({ changes }) =>
        page.event_id === undefined ||
        changes.some(({ before }) => before.event_id === page.event_id),
    )
    .filter(({ id }) => page.before === undefined || BigInt(id) < BigInt(page.before))
    .toReversed()
    .slice(0, page.max_operations)
    .map(({ id, at, action, consumer, reason, undoes, changes }) => ({
      id,
      at: time(at),
      action,
      consumer_name: consumer,
      reason,
      undoes,
      tasks: changes.length,
      from_states: Object.fromEntries(
        states
          .map((state) => [state, changes.filter(({ before }) => before.state === state).length])
          .filter(([, tasks]) => tasks !== 0),
      ) as Record<string, number>,
      event_ids: changes.map(({ before }) => before.event_id),
    }))
}

/** KanthorQ's 0 is null in what is shown. */
function time(milliseconds: number): Date | null {
  return milliseconds === 0 ? null : new Date(milliseconds)
}

function earliest(times: readonly number[]): Date | null {
  return times.length === 0 ? null : new Date(Math.min(...times))
}
