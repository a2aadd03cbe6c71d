// Sequences of calls, workers and time passing at random, on the database and on the model that test/support/model describes.
import test from 'ava'
import fc from 'fast-check'
import { useDatabase } from '../support/database.ts'
import { times } from '../support/effort.ts'
import { openSessions, openTransaction, registerConsumers, startAfresh } from './model/database.ts'
import { readClock } from './model/look.ts'
import { perform } from './model/perform.ts'
import { sequence } from './model/sequences.ts'
import type { Step } from './model/steps.ts'
import { Tally } from './model/tally.ts'
import { seedOf } from '../support/random.ts'

const db = useDatabase(test)

/** What is done, the attempts that each consumer allows, and whether all is one transaction. */
type Input = [
  sequence: readonly Step[],
  attemptMax: [number, number, number],
  inTransaction: boolean,
]

const steps = times(3000)
/** In fewer, not all that may happen does. */
const isLong = steps >= 3000
/** The sequence that failed, made as short as it was: with the seed, what is printed of a failure. */
const path = process.env['KANTHORQ_TEST_PATH']

/** Milliseconds for making a sequence that fails shorter. */
const shrinkingTime = 90_000

test('whatever is done in whatever order, the database does what the model says', async (t) => {
  t.timeout(shrinkingTime + 60_000 + steps * 100)
  const seed = seedOf(t)
  await registerConsumers(db)
  const tally = new Tally()
  let stopShrinking = Infinity

  const attempts = fc.constantFrom(1, 1, 2, 3)
  const property = fc.asyncProperty(
    sequence,
    fc.tuple(attempts, attempts, attempts),
    fc.constantFrom(false, false, true),
    async (...input) => {
      const isEnough = tally.steps >= steps && (!isLong || tally.missing().length === 0)
      if (isEnough || Date.now() > stopShrinking) return
      try {
        await tryOut(tally, input)
      } catch (error) {
        stopShrinking = Math.min(stopShrinking, Date.now() + shrinkingTime)
        throw error
      }
    },
  )
  // A sequence has about 80 steps. After three times as many as asked for, all that is expected should have happened.
  const details = await fc.check(property, {
    seed,
    numRuns: Math.ceil((3 * steps) / 80),
    plugins: [fc.unbiased()],
    ...(path !== undefined && { path, endOnFailure: true }),
  })
  t.log(`${tally.steps} steps`)
  if (details.failed) t.fail(explain(details))
  else t.deepEqual(isLong && path === undefined ? tally.missing() : [], [], String(tally))
})

async function tryOut(tally: Tally, [sequence, attemptMax, inTransaction]: Input): Promise<void> {
  const consumers = await startAfresh(db, attemptMax)
  const clock = await readClock(db.owner)
  const access = await (inTransaction ? openTransaction(db) : openSessions(db))
  try {
    const run = { db, access, tally, consumers, began: clock, clock }
    await perform({ ...run, log: [], events: [], open: [] }, sequence)
  } finally {
    await access.close()
  }
}

/** The shortest sequence that failed, a line for each step, and how to see it fail again. */
function explain(details: fc.RunDetails<unknown>): string {
  const [sequence, attemptMax, inTransaction] = details.counterexample as Input
  const again = `KANTHORQ_TEST_SEED=${details.seed} KANTHORQ_TEST_PATH=${details.counterexamplePath ?? ''}`
  return [
    `to see it again: ${again} npx ava test/transitions/model.test.ts`,
    `${inTransaction ? 'in one transaction' : 'each call committed'}, attempt_max ${String(attemptMax)}`,
    ...sequence.map((step, n) => `${n + 1} ${JSON.stringify(step)}`),
    String(details.errorInstance),
  ].join('\n')
}
