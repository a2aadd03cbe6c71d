// Sequences of steps at random.
import fc from 'fast-check'
import { stepsOf, type Kind, type Step } from './steps.ts'
import { error, published, valuesOf, type Values } from './values.ts'

/** How often each kind comes. */
const weights: Record<Kind, number> = {
  publish: 2,
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
  beginBatches: 9,
  goOn: 6,
  all: 9,
  find: 8,
  count: 6,
  explain: 5,
  stats: 1,
  operations: 3,
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
  // A failing sequence is made shorter from here to there: first its steps, of an array first what comes last. So we have
  // the steps come first here, and the last of them at the beginning.
  return fc
    .tuple(
      fc.array(anything, { maxLength: 120, size: 'max' }),
      fc.array(step('convert'), { maxLength: 16, size: 'max' }),
      published({ minLength: eventCount, maxLength: eventCount }),
    )
    .map(([steps, tasks, events]): readonly Step[] => [
      ['publish', { events }],
      ...tasks.flat(),
      ...steps.toReversed().flat(),
    ])
}

/** Steps that seldom come one after the other by chance. */
function storiesOf(values: Values): fc.Arbitrary<Step[]>[] {
  const { consumer, events, bulk } = values
  const { convert, fail, cancel, cancelAndResume, undo, find } = stepsOf(values)
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
    // Tasks that have just been made, and cancelled in bulk.
    fc.tuple(convert, bulk).map(([convert, bulk]) => [
      ['convert', convert],
      ['all', { consumer: convert.consumer, bulk: { ...bulk, action: 'cancel' } }],
    ]),
    // Tasks that are stuck, and discarded in bulk.
    fc.tuple(consumer, bulk).map(([consumer, bulk]) => [
      ['pull', { consumer, puller: 'running', days: 3 }],
      ['all', { consumer, bulk: { ...bulk, action: 'discard' } }],
    ]),
    // Tasks that are worked until they have failed for good, and resumed in bulk.
    fc.tuple(fail, bulk).map(([fail, bulk]) => [
      ['pull', { consumer: fail.consumer, puller: 'running', days: 2 }],
      ['fail', fail],
      ['all', { consumer: fail.consumer, bulk: { ...bulk, action: 'resume' } }],
    ]),
    // A worker that says that it failed when its task has been cancelled and resumed.
    fc.tuple(cancel, fail).map(([{ consumer, events, reason }, fail]) => [
      ['cancel', { consumer, events, reason }],
      ['resume', { consumer, events, reason, due: undefined, resetAttempts: false }],
      ['fail', { ...fail, consumer }],
      ['undo', last],
    ]),
    // Calls that come one right after the other, and the last of them undone.
    fc.tuple(cancelAndResume, undo).map(([both, one]) => [
      ['cancelAndResume', both],
      ['undo', last],
      ['undo', one],
    ]),
    // Stuck tasks, among others that run, that are discarded and go all the way once more without us.
    fc.tuple(cancelAndResume, events, fail, undo).map(([both, events, fail, one]) => {
      const { consumer } = both
      return [
        ['pull', { consumer, puller: 'running', days: 3 }],
        ['cancelAndResume', both],
        ['discard', { consumer, events, reason: null }],
        ['theirResume', { consumer, events }],
        ['fail', { ...fail, consumer }],
        ['undo', one],
      ]
    }),
  ]
}
