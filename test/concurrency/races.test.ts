// Workers, operators and bulk calls at the same tasks, all at once.
import test from 'ava'
import { useDatabase } from '../support/database.ts'
import { times } from '../support/effort.ts'
import { seedOf } from '../support/random.ts'
import { mistakes, movesOf } from './races/balance.ts'
import { runRace } from './races/race.ts'

const db = useDatabase(test)

test.serial(
  'workers, operators and bulk calls never deadlock, and every task is accounted for once',
  async (t) => {
    // In fewer, not all that may happen does.
    const calls = Math.max(times(1200), 200)
    t.timeout(calls * 1000)
    const race = await runRace(db, 'crowded', { calls, seed: seedOf(t) })
    const waited = race.waiting.filter((sessions) => sessions > 0).length
    t.log(`${race.journal.length} moves, ${race.calls.length} calls`)
    t.log(`${race.late} no-ops came too late; ${waited} looks saw somebody wait`)
    t.deepEqual(race.failures, [])
    t.deepEqual(mistakes(race).slice(0, 20), [])

    // It was a race: much was moved, in all the ways that there are, and they were in each other's way.
    t.deepEqual(movesOf(race), allMoves)
    t.true(race.journal.length >= 1000)
    t.true(race.late >= 50)
    t.true(waited >= 10)
  },
)

for (const isolation of ['repeatable read', 'serializable'] as const) {
  test.serial(`under ${isolation} all succeed who try until they do`, async (t) => {
    const options = { calls: Math.max(times(160), 50), seed: seedOf(t), isolation }
    const race = await runRace(db, isolation.replace(' ', '_'), options)
    t.deepEqual(race.failures, [])
    t.deepEqual(mistakes(race).slice(0, 20), [])
    t.true(race.log.length >= 10)
    t.true(race.retries >= 1)
  })
}

const allMoves = [
  'cancel: available to cancelled',
  'cancel: pending to cancelled',
  'cancel: retryable to cancelled',
  'discard: running to discarded',
  'resume: cancelled to running',
  'resume: discarded to running',
  'undo',
  'worker: retryable to running',
  'worker: running to completed',
  'worker: running to discarded',
  'worker: running to retryable',
  'worker: running to running',
]
