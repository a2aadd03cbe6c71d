// Arguments of commands, at random. Times are constants, but for those that the calls set.
import fc from 'fast-check'
import type { TaskState } from 'kanthorq-tasks'
import { actions, kanthorq, reports, type Part, type Task } from './model.ts'

const [past, future] = [1_000_000, 4_000_000_000_000]
export const eventIds = Array.from({ length: 12 }, (_, n) => `event_${String(n).padStart(2, '0')}`)
const eventSubjects = ['order', 'order.new', 'order.new.v1', 'Order.new', 'user.new'] as const

/** The event of an id. */
export function eventOf(id: string) {
  const n = Number(id.slice(-2))
  return { id, subject: eventSubjects[n % 5] ?? '', body: `\\x${id.slice(-2)}`, metadata: { n } }
}

const states: TaskState[] = ['discarded', 'cancelled', 'pending', 'available', 'running', 'completed', 'retryable']

/** Most commands are about one consumer, so that much happens to its tasks. */
export const consumer = fc.constantFrom(0, 0, 0, 0, 0, 1, 2)
const someIds = fc.array(fc.constantFrom(...eventIds, 'event_?'), { maxLength: 10, size: 'max' })
export const ids = fc.oneof(fc.constant(eventIds), someIds, someIds, someIds)
export const reason = fc.constantFrom(null, 'INC-42', "it's over")
export const time = fc.constantFrom(past, future)
export const due = fc.constantFrom(undefined, undefined, past, future)
const running = fc.constantFrom(false, false, true)

/** New tasks. The clock that dated them may have been wrong. */
export const tasks = fc.uniqueArray(
  fc.record({
    event_id: fc.constantFrom(...eventIds),
    subject: fc.constantFrom(...eventSubjects),
    state: fc.constantFrom(...states, 'discarded' as const, 'running' as const, 'running' as const),
    schedule_at: time,
    finalized_at: fc.constantFrom(past, past, past, future),
    attempt_count: fc.nat(4),
    attempted_at: fc.constant(0),
    attempted_error: fc.array(
      fc.constantFrom('smtp: refused', 'SMTP: full', '100% odd_one').map((error) => ({ at: 0, error, stack: '' })),
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

/** A point in time for SQL, to half a millisecond, which a Date can't hold. */
export function timestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace('Z', milliseconds % 1 === 0 ? 'Z' : '5Z')
}

/** Part of a filter: one of the values, what it means, and how it is passed. */
function part<Value>(
  name: string,
  values: fc.Arbitrary<Value>,
  matches: (value: Value, task: Task) => boolean,
  pass: (value: Value) => unknown = (value) => value,
): fc.Arbitrary<Part> {
  return values.map((value) => ({
    args: { [name]: pass(value) },
    matches: (task) => matches(value, task),
  }))
}

const subjects = fc.constantFrom(
  ['order.>', /^order\../] as const,
  ['order.*', /^order\.[^.]+$/] as const,
  ['*.new', /^[^.]+\.new$/] as const,
  ['order', /^order$/] as const,
  ['>', /./] as const,
  ['Order.*', /^Order\.[^.]+$/] as const,
)
const contained = fc.constantFrom(
  ['{"customer": "42"}', (has: Task['metadata']) => has['customer'] === '42'] as const,
  ['{"customer": 42}', (has: Task['metadata']) => has['customer'] === 42] as const,
  ['{"tags": ["b"]}', (has: Task['metadata']) => 'tags' in has] as const,
  ['{"address": {"city": "Oslo"}}', (has: Task['metadata']) => 'address' in has] as const,
)
const errors = fc.constantFrom('smtp', 'SMTP', 'full', '%', '_', 'again')
const fingerprints = fc.constantFrom(
  ['smtp: refused', 'smtp: refused'] as const,
  ['*% odd_one', '100% odd_one'] as const,
  ['smtp: *', ''] as const,
)
const edges = fc.constantFrom(past - 0.5, past, past + 0.5, 2 * past)

const parts = [
  part('states', fc.subarray(states, { minLength: 1 }), (some, { state }) => some.includes(state)),
  part(
    'subject',
    subjects,
    ([, pattern], { subject }) => pattern.test(subject),
    ([given]) => given,
  ),
  part(
    'metadata',
    contained,
    ([, isIn], { metadata }) => isIn(metadata),
    ([given]) => given,
  ),
  part(
    'error',
    errors,
    (error, task) => task.attempted_error.at(-1)?.error.toLowerCase().includes(error.toLowerCase()) ?? false,
  ),
  part(
    'fingerprint',
    fingerprints,
    ([, error], task) => task.attempted_error.at(-1)?.error === error,
    ([given]) => given,
  ),
  part('created_after', edges, (at, { created_at }) => created_at >= at, timestamp),
  part('created_before', edges, (at, { created_at }) => created_at < at, timestamp),
  part('finalized_after', edges, (at, { finalized_at }) => finalized_at > 0 && finalized_at >= at, timestamp),
  part('finalized_before', edges, (at, { finalized_at }) => finalized_at > 0 && finalized_at < at, timestamp),
]

/** A filter of no part, of one, or of several. */
export const filter: fc.Arbitrary<readonly Part[]> = fc.oneof(
  { weight: 1, arbitrary: fc.constant([]) },
  { weight: 6, arbitrary: fc.tuple(fc.oneof(...parts)) },
  { weight: 1, arbitrary: fc.subarray(parts, { minLength: 2 }).chain((some) => fc.tuple(...some)) },
)

/** The values that an arbitrary makes. */
export type Of<Values> = Values extends fc.Arbitrary<infer Value> ? Value : never

export const byIds = fc.record({
  action: fc.constantFrom(...actions),
  consumer,
  ids,
  reason,
  due,
  resetAttempts: fc.boolean(),
  running,
})

/** Events of which no task is made, unless a pull makes it: most are of ids that tasks do not have otherwise. */
const laterIds = Array.from({ length: 8 }, (_, n) => `event_${10 + n}`)
export const publish = fc.record({ consumer, ids: fc.array(fc.constantFrom(...laterIds), { minLength: 1, maxLength: 3 }) })

export const pull = fc.record({
  consumer,
  maxTasks: fc.constantFrom(100, 100, 1, 2, 3),
  subject: fc.option(subjects, { nil: undefined, freq: 3 }),
  looksBack: fc.boolean(),
})

export const report = fc.record({
  does: fc.constantFrom(...Object.keys(reports)),
  consumer,
  ids,
  /** Of each task: how much the attempt that is reported differs from the one that is running. */
  attempts: fc.oneof(fc.constant(undefined), fc.constant([0]), fc.array(fc.constantFrom(0, 0, 1, -1), { minLength: 1 })),
  due,
})

export const work = fc.record({
  does: fc.constantFrom(...Object.keys(kanthorq)),
  consumer,
  ids,
  due: time,
})

export const undo = fc.record({
  back: fc.oneof(fc.constant(0), fc.nat(3), fc.nat(40)),
  reason,
  isWhole: fc.boolean(),
})

export const bulk = fc.record({
  // Few tasks are stuck.
  action: fc.constantFrom(...actions, 'discard' as const),
  consumer,
  filter,
  batchSize: fc.constantFrom(1, 2, 3),
  maxTasks: fc.constantFrom(null, null, null, 1, 3, 5),
  due,
  spread: fc.constantFrom(0, 1),
  resetAttempts: fc.boolean(),
  running,
  reason,
})
