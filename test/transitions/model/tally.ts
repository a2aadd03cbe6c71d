// What has happened in all runs together, so that a test can tell that it tried what it is there to try.
import { filterKeys } from './filter.ts'
import { actions } from './transitions.ts'

const expected = [
  ...actions.flatMap((action) => [
    `${action} moved tasks`,
    `${action} moved nothing`,
    `${action} left a task that nobody knows`,
    `${action} left a task of another consumer`,
    `${action} left a task in another state`,
    `${action} in batches moved tasks`,
    `${action}_all moved tasks`,
  ]),
  'discard left a task that is not due',
  'discard left a task with attempts left',
  'an id was given twice',
  'a task with an index moved',
  'a task without an index moved',
  'a task in a partition moved',
  'resume left one attempt',
  'resume gave all attempts back',
  'resume took a time of its own',
  'a call found updated_at ahead of the clock',
  'undo put all back',
  'undo left all alone',
  'undo put some back and left some',
  'undo of an undo put tasks back',
  'undo of an operation that had been undone left all alone',
  ...filterKeys.map((key) => `a filter by ${key} matched some and not all`),
  'a bulk call took several batches',
  'a bulk call went on after other steps',
  'a batch moved nothing and was not the last',
  'max_tasks ended a bulk call',
  'a bulk call left alone what was made after it began',
  'a bulk call left alone what was finished after it began',
  'resumed tasks were spread',
  'an empty filter was refused',
  'a filter by states that an action does not take was refused',
  'an _all call in a transaction was refused',
  'the retry puller took a task',
  'the visibility puller took a task',
  'a task failed and may be retried',
  'a task failed and was discarded',
  'explain said yes',
  'explain said no',
  'a page was full',
  'KQ001',
  'KQ003',
  'KQ004',
] as const

export type Happening = (typeof expected)[number]

export class Tally {
  readonly #times = new Map<Happening, number>()
  steps = 0

  add(happening: Happening, times = 1): void {
    if (times > 0) this.#times.set(happening, (this.#times.get(happening) ?? 0) + times)
  }

  /** What has never happened. */
  missing(): Happening[] {
    return expected.filter((happening) => !this.#times.has(happening))
  }

  toString(): string {
    return expected
      .map((happening) => `${String(this.#times.get(happening) ?? 0).padStart(7)} ${happening}`)
      .join('\n')
  }
}
