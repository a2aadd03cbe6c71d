// Values at random, of which steps are made.
import fc from 'fast-check'
import { states } from './task.ts'
import { actions } from './transitions.ts'

export const reason = fc.constantFrom(null, 'INC-42', "it's over")

/** Hours from now. */
export const due = seldom(fc.constantFrom(-1, 1))

const subject = fc.constantFrom(
  'order',
  'order.created',
  'order.created.v1',
  'order.cancelled',
  'Order.created',
  'user.created',
)
const subjectFilter = fc.constantFrom(
  'order.>',
  'order.*',
  '*.created',
  'order.created',
  'order',
  '>',
  '*',
  'order.*.v1',
  'order.>.v1',
  'Order.*',
)

const metadata = fc.constantFrom<Record<string, unknown>>(
  {},
  { customer: '42' },
  { customer: 42 },
  { customer: '42', tags: ['a', 'b'] },
  { customer: '7', address: { city: 'Oslo', zip: 1 } },
)
const metadataFilter = fc.constantFrom<Record<string, unknown>>(
  {},
  { customer: '42' },
  { customer: 42 },
  { tags: ['b'] },
  { tags: ['a', 'c'] },
  { address: { city: 'Oslo' } },
  { address: {}, customer: '7' },
)

export const error = fc.constantFrom(
  'smtp: connection refused',
  'SMTP: mailbox full',
  '100% odd_one',
)
const errorFilter = fc.constantFrom('smtp', 'SMTP', 'full', '%', '_')

/** Events to publish. */
export function published(count: { minLength: number; maxLength: number }) {
  return fc.array(fc.record({ subject, metadata }), count)
}

export type Values = ReturnType<typeof valuesOf>

/**
 * What depends on how many events there are, and on the consumers that it is about. Events are numbered in the order in
 * which they are published; a number that is not in use yet stands for an id that nobody knows.
 */
export function valuesOf(eventCount: number, consumers: readonly number[]) {
  const consumer = fc.constantFrom(...consumers)
  const event = fc.nat(eventCount + 1)
  const all = Array.from({ length: eventCount }, (_, n) => n)
  /** In any order: with duplicates and unknown ones among them, or without. */
  const events = fc.oneof(
    fc.array(event, { maxLength: eventCount + 2, size: 'max' }),
    fc.shuffledSubarray(all),
  )

  /** When the task of an event was made, or half a millisecond before or after. */
  const creation = fc.record({ event, offset: fc.constantFrom(-0.5, 0, 0.5) })
  const filter = filterOf({
    states: fc.subarray([...states], { minLength: 1 }),
    subject: subjectFilter,
    metadata: metadataFilter,
    error: errorFilter,
    created_after: creation,
    created_before: creation,
  })
  /** Both let everything through. */
  const empty: typeof filter = fc.constantFrom({}, { metadata: {} })

  const bulk = fc.record({
    action: fc.constantFrom(...actions),
    filter: fc.oneof(empty, filter),
    everything: fc.constantFrom(true, true, true, false),
    batchSize: fc.constantFrom(1, 2, 2, 3),
    maxTasks: fc.constantFrom(undefined, undefined, undefined, 1, 3, 5),
    reason,
    due,
    /** In hours. */
    spread: fc.constantFrom(0, 1),
    resetAttempts: fc.boolean(),
  })

  return {
    consumer,
    event,
    events,
    someOrAllEvents: fc.oneof(events, fc.constant(all)),
    filter,
    bulk,
  }
}

/** A filter of no part, of one, or of several. */
function filterOf<Parts>(parts: {
  [Name in keyof Parts]: fc.Arbitrary<Parts[Name]>
}): fc.Arbitrary<Partial<Parts>> {
  type Filter = fc.Arbitrary<Partial<Parts>>
  const none = fc.constant({}) as Filter
  const several = fc.record(parts, { requiredKeys: [] }) as Filter
  const one = Object.entries<fc.Arbitrary<unknown>>(parts).map(
    ([name, part]) => fc.record({ [name]: part }) as Filter,
  )
  return fc.oneof(none, ...one, several)
}

export function seldom<Value>(arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> {
  return fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary })
}
