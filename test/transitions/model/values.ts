// Arguments of commands, at random. Times are constants, but for those that the calls set.
import fc from 'fast-check'
import { filterKeys, type Filter } from './filter.ts'
import { actions } from './model.ts'

const [past, future] = [1_000_000, 4_000_000_000_000]
const eventIds = Array.from({ length: 12 }, (_, n) => `event_${String(n).padStart(2, '0')}`)
const states = (
  ['discarded', 'cancelled', 'pending', 'available', 'running', 'completed', 'retryable'] as const
).slice()

/** Most commands are about one consumer, so that much happens to its tasks. */
export const consumer = fc.constantFrom(0, 0, 0, 0, 0, 1, 2)
export const id = fc.constantFrom(...eventIds)
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
    metadata: fc.constantFrom<Record<string, unknown>>(
      {},
      { customer: '42' },
      { customer: 42, tags: ['a', 'b'] },
      { customer: '7', address: { city: 'Oslo', zip: 1 } },
    ),
    created_at: fc.constantFrom(past, 2 * past, 'now' as const, future),
    updated_at: fc.constantFrom(past, past, future),
  }),
  { selector: (task) => task.event_id, maxLength: 12, size: 'max' },
)

const edge = fc.constantFrom(past - 0.5, past, past + 0.5, 2 * past)
const parts: { [Key in keyof Filter]-?: fc.Arbitrary<Filter[Key]> } = {
  states: fc.subarray(states, { minLength: 1 }),
  subject: fc.constantFrom('order.>', 'order.*', '*.new', 'order', '>', 'order.>.v1', 'Order.*'),
  metadata: fc.constantFrom(
    { customer: '42' },
    { customer: 42 },
    { tags: ['b'] },
    { address: { city: 'Oslo' } },
  ),
  error: fc.constantFrom('smtp', 'SMTP', 'full', '%', '_', 'again'),
  created_after: edge,
  created_before: edge,
}

/** A filter of no part, of one, or of several. */
export const filter = fc.oneof(
  fc.constant({}),
  ...filterKeys.map((key) => fc.record({ [key]: parts[key] })),
  fc.record(parts, { requiredKeys: [] }),
) as fc.Arbitrary<Filter>

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
