// Arguments of commands, at random. Times are constants, but for those that the calls set.
import fc from 'fast-check'
import type { TaskState } from 'kanthorq-tasks'
import { actions, type Filter, type Part, type Task } from './model.ts'

const [past, future] = [1_000_000, 4_000_000_000_000]
export const eventIds = Array.from({ length: 12 }, (_, n) => `event_${String(n).padStart(2, '0')}`)
const states: TaskState[] = [
  'discarded',
  'cancelled',
  'pending',
  'available',
  'running',
  'completed',
  'retryable',
]

/** Most commands are about one consumer, so that much happens to its tasks. */
export const consumer = fc.constantFrom(0, 0, 0, 0, 0, 1, 2)
const id = fc.constantFrom(...eventIds)
const someIds = fc.array(fc.constantFrom(...eventIds, 'event_?'), { maxLength: 10, size: 'max' })
export const ids = fc.oneof(fc.constant(eventIds), someIds, someIds, someIds)
export const reason = fc.constantFrom(null, 'INC-42', "it's over")
export const time = fc.constantFrom(past, future)
export const due = fc.constantFrom(undefined, undefined, past, future)

/** New tasks. The clock that dated them may have been wrong. */
export const tasks = fc.uniqueArray(
  fc.record({
    event_id: id,
    subject: fc.constantFrom('order', 'order.new', 'order.new.v1', 'Order.new', 'user.new'),
    state: fc.constantFrom(...states, 'discarded' as const, 'running' as const),
    schedule_at: time,
    finalized_at: fc.constantFrom(past, past, past, future),
    attempt_count: fc.nat(4),
    attempted_at: fc.constant(0),
    attempted_error: fc.array(
      fc
        .constantFrom('smtp: refused', 'SMTP: full', '100% odd_one')
        .map((error) => ({ at: 0, error, stack: '' })),
      { maxLength: 2 },
    ),
    metadata: fc.constantFrom<Task['metadata']>(
      {},
      { customer: '42' },
      { customer: 42, tags: ['a', 'b'] },
      { customer: '7', address: { city: 'Oslo', zip: 1 } },
    ),
    created_at: fc.constantFrom(past, 2 * past, 'now' as const, future),
    updated_at: time,
  }),
  { selector: (task) => task.event_id, maxLength: 12, size: 'max' },
)

function lastError({ attempted_error }: Task): string | null {
  return attempted_error.at(-1)?.error ?? null
}

const subjects = [
  ['order.>', /^order\../],
  ['order.*', /^order\.[^.]+$/],
  ['*.new', /^[^.]+\.new$/],
  ['order', /^order$/],
  ['>', /./],
  ['Order.*', /^Order\.[^.]+$/],
] as const

const metadata = [
  ['{"customer": "42"}', (has: Task['metadata']) => has['customer'] === '42'],
  ['{"customer": 42}', (has: Task['metadata']) => has['customer'] === 42],
  ['{"tags": ["b"]}', (has: Task['metadata']) => 'tags' in has],
  ['{"address": {"city": "Oslo"}}', (has: Task['metadata']) => 'address' in has],
] as const

/** A time to half a millisecond, which a Date can't hold: with a condition that is true before it or not. */
const edge = fc
  .constantFrom(past - 0.5, past, past + 0.5, 2 * past)
  .map((at) => [new Date(at).toISOString().replace('Z', at % 1 === 0 ? 'Z' : '5Z'), at] as const)

const parts: Record<string, fc.Arbitrary<Part>> = {
  states: fc.subarray(states, { minLength: 1 }).map((some) => ({
    args: { states: some },
    matches: ({ state }) => some.includes(state),
  })),
  subject: fc.constantFrom(...subjects).map(([subject, pattern]) => ({
    args: { subject },
    matches: (task) => pattern.test(task.subject),
  })),
  metadata: fc.constantFrom(...metadata).map(([contained, isIn]) => ({
    args: { metadata: contained },
    matches: (task) => isIn(task.metadata),
  })),
  error: fc.constantFrom('smtp', 'SMTP', 'full', '%', '_', 'again').map((error) => ({
    args: { error },
    matches: (task) => lastError(task)?.includes(error) ?? false,
  })),
  created_after: edge.map(([created_after, at]) => ({
    args: { created_after },
    matches: (task) => task.created_at >= at,
  })),
  created_before: edge.map(([created_before, at]) => ({
    args: { created_before },
    matches: (task) => task.created_at < at,
  })),
}
export const filterKeys = Object.keys(parts)

/** A filter of no part, of one, or of several. */
export const filter: fc.Arbitrary<Filter> = fc.oneof(
  fc.constant([]),
  ...Object.values(parts).map((part) => part.map((one) => [one])),
  fc
    .record(parts, { requiredKeys: [] })
    .map((some) => Object.values(some).filter((part) => part !== undefined)),
)

export const bulk = fc.record({
  action: fc.constantFrom(...actions),
  filter,
  batchSize: fc.constantFrom(1, 2, 3),
  maxTasks: fc.constantFrom(null, null, null, 1, 3, 5),
  due,
  spread: fc.constantFrom(0, 1),
  resetAttempts: fc.boolean(),
  reason,
})

/** A point in time for SQL. */
export function timestamp(milliseconds: number | undefined): string | undefined {
  return milliseconds === undefined ? undefined : new Date(milliseconds).toISOString()
}
