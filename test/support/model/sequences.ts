// Sequences of steps at random.
import fc from 'fast-check'
import { stepsOf, type Kind, type Step } from './steps.ts'
import { error, published, valuesOf, type Values } from './values.ts'

/** How often each kind comes. */
const weights: Record<Kind, number> = {
  publish: 1,
  convert: 4,
  pull: 13,
  complete: 2,
  fail: 8,
  theirCancel: 2,
  theirResume: 2,
  passDay: 8,
  misdate: 4,
  cancel: 9,
  resume: 9,
  discard: 8,
  cancelAndResume: 3,
  undo: 10,
  beginBatches: 8,
  goOn: 6,
  all: 8,
  find: 8,
  count: 6,
  explain: 2,
  stats: 1,
  operations: 2,
  misuse: 5,
}

/** With few tasks much happens to each of them; with many there is more for a filter to tell apart. */
const eventCounts = [4, 8, 16]

/** One with its index, one without, one that is partitioned, or all three. */
const consumerSets = [[0], [1], [2], [0, 1, 2]]

/** Some events, tasks of them, and then anything. */
export const sequence = fc.oneof(
  ...eventCounts.flatMap((eventCount) =>
    consumerSets.map((consumers) => sequenceOf(eventCount, valuesOf(eventCount, consumers))),
  ),
)

function sequenceOf(eventCount: number, values: Values) {
  const steps = stepsOf(values)
  const step = (kind: Kind) => steps[kind].map((args: unknown) => [[kind, args] as Step])
  const anything = fc.oneof(
    ...(Object.keys(weights) as Kind[]).map((kind) => ({
      weight: weights[kind],
      arbitrary: step(kind),
    })),
    ...storiesOf(values).map((arbitrary) => ({ weight: 3, arbitrary })),
  )
  return fc
    .tuple(
      published({ minLength: eventCount, maxLength: eventCount }),
      fc.array(step('convert'), { maxLength: 16, size: 'max' }),
      fc.array(anything, { maxLength: 120, size: 'max' }),
    )
    .map(([events, ...parts]): readonly Step[] => [['publish', { events }], ...parts.flat(2)])
}

/** Steps that seldom come one after the other by chance. */
function storiesOf(values: Values): fc.Arbitrary<Step[]>[] {
  const { consumer, events, bulk } = values
  const { pull, fail, cancel, undo, find } = stepsOf(values)
  const last = { operation: 0, reason: null }
  return [
    // A call, undone and made again, so that two operations have left the same.
    fc.tuple(cancel, undo).map(([same, one]) => [
      ['cancel', same],
      ['undo', last],
      ['cancel', same],
      ['undo', one],
    ]),
    // A bulk call whose tasks come back while it is at it.
    fc.tuple(consumer, bulk).map(([consumer, bulk]) => [
      ['beginBatches', { consumer, bulk: { ...bulk, batchSize: 1 }, batches: 1 }],
      ['undo', last],
      ['goOn', { call: 0, batches: 3 }],
    ]),
    // A bulk call that meets what was finished after it began.
    fc.tuple(bulk, cancel, cancel).map(([bulk, before, after]) => [
      ['cancel', before],
      [
        'beginBatches',
        {
          consumer: before.consumer,
          bulk: { ...bulk, action: 'resume', filter: {}, everything: true, batchSize: 1 },
          batches: 1,
        },
      ],
      ['cancel', { ...after, consumer: before.consumer }],
      ['goOn', { call: 0, batches: 3 }],
    ]),
    // A bulk call whose last batch has to be smaller than the others.
    fc.tuple(consumer, bulk, undo).map(([consumer, bulk, one]) => [
      ['undo', one],
      ['beginBatches', { consumer, bulk: { ...bulk, batchSize: 2, maxTasks: 3 }, batches: 3 }],
    ]),
    // Tasks that fail again, of something else.
    fc.tuple(fail, error, find).map(([fail, other, find]) => [
      ['fail', fail],
      ['pull', { consumer: fail.consumer, puller: 'retryable', days: 1 }],
      ['fail', { ...fail, error: other }],
      ['find', { ...find, consumer: fail.consumer }],
    ]),
    // Stuck tasks that are discarded, and go all the way once more without us.
    fc.tuple(pull, events, fail, undo).map(([pull, events, fail, undo]) => [
      ['pull', { ...pull, puller: 'running', days: 3 }],
      ['discard', { consumer: pull.consumer, events, reason: null }],
      ['theirResume', { consumer: pull.consumer, events }],
      ['fail', { ...fail, consumer: pull.consumer }],
      ['undo', undo],
    ]),
  ]
}
