// Performs the steps of a run, each on the database and on the model, and compares the two after each.
import { agreeOnEvents } from './look.ts'
import { bulkSteps } from './perform-bulk.ts'
import { callSteps } from './perform-calls.ts'
import { readingSteps } from './perform-reading.ts'
import { workerSteps } from './perform-workers.ts'
import type { Run } from './run.ts'
import type { Arguments, Kind, Step } from './steps.ts'

const performers: { readonly [K in Kind]: (run: Run, args: Arguments<K>) => Promise<void> } = {
  ...workerSteps,
  ...callSteps,
  ...bulkSteps,
  ...readingSteps,
}

/** @throws Error that says which step it was that the database and the model do not agree on */
export async function perform(run: Run, steps: readonly Step[]): Promise<void> {
  for (const [n, step] of steps.entries()) {
    try {
      await performOne(run, step)
    } catch (error) {
      throw new Error(`step ${n + 1}, ${JSON.stringify(step)}: ${String(error)}`, { cause: error })
    }
    run.tally.steps += 1
  }
  await agreeOnEvents(run)
}

async function performOne<K extends Kind>(run: Run, [kind, args]: readonly [K, Arguments<K>]) {
  await performers[kind](run, args)
}
