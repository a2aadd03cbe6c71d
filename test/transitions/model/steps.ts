// The steps of a sequence, as plain data, so that a failing sequence can be made shorter and be printed.
import fc from 'fast-check'
import { due, error, published, reason, seldom, type Values } from './values.ts'
import type { Puller } from './workers.ts'

/** How many batches are made before something else happens. */
const batches = fc.integer({ min: 1, max: 3 })

export function stepsOf({ consumer, event, events, someOrAllEvents, filter, bulk }: Values) {
  return {
    publish: fc.record({ events: published({ minLength: 1, maxLength: 2 }) }),
    convert: fc.record({
      consumer,
      events,
      state: fc.constantFrom('available', 'pending', 'running', 'running'),
    }),
    pull: fc.record({
      consumer,
      puller: fc.constantFrom<Puller>('retryable', 'running'),
      /** So many days in a row, when everything is due; 0 is once, at once. */
      days: fc.integer({ min: 0, max: 3 }),
    }),
    complete: fc.record({ consumer, events: fc.array(event, { maxLength: 3 }) }),
    fail: fc.record({ consumer, events: someOrAllEvents, error }),
    /** KanthorQ's own management calls. */
    theirCancel: fc.record({ consumer, events }),
    theirResume: fc.record({ consumer, events }),
    /** A day passes for these tasks: what was not due is due. */
    passDay: fc.record({ consumer, events: someOrAllEvents }),
    /** The clock was wrong when these tasks were made, by so many hours. */
    misdate: fc.record({ consumer, events, hours: fc.constantFrom(-1, 1) }),
    cancel: fc.record({ consumer, events, reason }),
    resume: fc.record({ consumer, events, reason, due, resetAttempts: fc.boolean() }),
    discard: fc.record({ consumer, events, reason }),
    /** Task by task, all in one statement, and so often two calls in one millisecond. */
    cancelAndResume: fc.record({ consumer, events, reason }),
    /** Counted from the newest operation of the log. */
    undo: fc.record({ operation: fc.oneof(fc.constant(0), fc.nat(3), fc.nat(40)), reason }),
    beginBatches: fc.record({ consumer, bulk, batches }),
    /** Goes on with a bulk call that has been begun, counted from the newest. */
    goOn: fc.record({ call: fc.nat(5), batches }),
    all: fc.record({ consumer, bulk }),
    find: fc.record({
      consumer,
      filter,
      after: seldom(event),
      maxTasks: fc.integer({ min: 1, max: 6 }),
      oldestFirst: fc.boolean(),
    }),
    count: fc.record({ consumer, filter }),
    explain: fc.record({ consumer, events }),
    stats: fc.record({ consumer: seldom(consumer) }),
    operations: fc.record({
      consumer: seldom(consumer),
      event: seldom(event),
      before: fc.oneof(fc.constant(undefined), fc.nat(10)),
      maxOperations: fc.integer({ min: 1, max: 8 }),
    }),
    /** Makes one of the calls that raise this. */
    misuse: fc.record({
      sqlstate: fc.constantFrom('KQ001', 'KQ003', 'KQ003', 'KQ003', 'KQ004'),
      call: fc.nat(99),
      consumer,
      events,
    }),
  }
}

type Steps = ReturnType<typeof stepsOf>
export type Kind = keyof Steps
export type Arguments<K extends Kind> = Steps[K] extends fc.Arbitrary<infer Value> ? Value : never
export type Step = { [K in Kind]: readonly [K, Arguments<K>] }[Kind]
export type FilterArguments = Arguments<'count'>['filter']
export type BulkArguments = Arguments<'all'>['bulk']
