// A run: one sequence of steps, tried on the database and on the model side by side.
import type { TestDatabase } from '../../support/database.ts'
import type { Bulk, Progress } from './batches.ts'
import type { Access } from './database.ts'
import type { ModelFilter } from './filter.ts'
import type { ModelLog } from './operations.ts'
import type { BulkArguments, FilterArguments } from './steps.ts'
import type { Tally } from './tally.ts'
import type { ModelConsumer, ModelTask } from './task.ts'
import type { ModelEvent } from './workers.ts'

export interface Run {
  readonly db: TestDatabase
  readonly access: Access
  readonly tally: Tally
  readonly consumers: readonly ModelConsumer[]
  readonly log: ModelLog
  /** In the order in which they were published; the steps know them by their numbers. */
  readonly events: ModelEvent[]
  /** Bulk calls that have been begun. */
  readonly open: OpenCall[]
  /** The database's clock before the first step. */
  readonly began: number
  /** And when the next step begins. */
  clock: number
}

/** A bulk call between two of its batches. */
export interface OpenCall {
  readonly consumer: ModelConsumer
  readonly bulk: Bulk
  /** Nothing before the first batch. */
  progress: Progress | undefined
  /** What the database wants to be told to go on. */
  token: unknown
}

export function consumerOf(run: Run, number: number): ModelConsumer {
  const consumer = run.consumers[number]
  if (consumer === undefined) throw new Error(`there are ${run.consumers.length} consumers`)
  return consumer
}

export function idOf(run: Run, event: number): string {
  return run.events[event]?.id ?? `event_unknown_${event}`
}

export function tasksOf(run: Run, consumer: ModelConsumer, events: readonly number[]): ModelTask[] {
  const ids = new Set(events.map((event) => idOf(run, event)))
  return [...ids].map((id) => consumer.tasks.get(id)).filter((task) => task !== undefined)
}

const hour = 3_600_000

export function dueOf(run: Run, hours: number | undefined): number | undefined {
  return hours === undefined ? undefined : run.clock + hours * hour
}

export function filterOf(run: Run, consumer: ModelConsumer, filter: FilterArguments): ModelFilter {
  const creation = ({ event, offset }: NonNullable<FilterArguments['created_after']>) => {
    const task = consumer.tasks.get(idOf(run, event))
    return task && task.created_at + offset
  }
  return {
    ...filter,
    created_after: filter.created_after && creation(filter.created_after),
    created_before: filter.created_before && creation(filter.created_before),
  }
}

export function bulkOf(run: Run, consumer: ModelConsumer, bulk: BulkArguments): Bulk {
  return {
    ...bulk,
    filter: filterOf(run, consumer, bulk.filter),
    maxTasks: bulk.maxTasks ?? Infinity,
    due: dueOf(run, bulk.due),
    spread: bulk.spread * hour,
  }
}

/** The filter as arguments of a call; what is undefined is left to its default. */
export function filterArguments(filter: ModelFilter) {
  return {
    ...filter,
    metadata: filter.metadata && JSON.stringify(filter.metadata),
    created_after: timestamp(filter.created_after),
    created_before: timestamp(filter.created_before),
  }
}

/** A point in time for SQL, to the microsecond, which a Date can't hold. */
export function timestamp(milliseconds: number | undefined): string | undefined {
  if (milliseconds === undefined) return undefined
  const whole = Math.floor(milliseconds)
  const micros = Math.round((milliseconds - whole) * 1000)
  return new Date(whole).toISOString().replace('Z', `${String(micros).padStart(3, '0')}Z`)
}
