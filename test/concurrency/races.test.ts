// Workers, operators and bulk calls at the same tasks, all at once.
import test from 'ava'
import { useDatabase } from '../support/database.ts'
import { times } from '../support/effort.ts'
import { mistakes } from './races/books.ts'
import type { Move } from './races/moves.ts'
import { runRace } from './races/race.ts'
import { seedOf } from '../support/random.ts'

const db = useDatabase(test)

// In less, not all that may happen does.
const seconds = Math.max(times(30), 5)

test('workers, operators and bulk calls never deadlock, and the books balance', async (t) => {
  t.timeout(seconds * 1000 + 60_000)
  const race = await runRace(db, 'crowded', { seconds, seed: seedOf(t) })
  const { books, failures, waiting, late } = race
  const moves = [...books.worked, ...books.logged]
  const waited = waiting.filter((sessions) => sessions > 0).length
  t.log(`${moves.length} moves of ${books.start.size} tasks, ${books.calls.length} calls`)
  t.log(`${late} no-ops came too late; ${waited} of ${waiting.length} looks saw somebody wait`)

  t.deepEqual(failures, [])
  t.deepEqual(mistakes(books).slice(0, 20), [])

  // It was a race: much was moved, in all the ways that there are, and they were in each other's way.
  t.deepEqual([...new Set(moves.map(kindOf))].sort(), allKinds)
  t.true(moves.length >= 1000)
  t.true(late >= 50)
  t.true(waited >= 10)
})

function kindOf({ by, before, after }: Move): string {
  return by === 'undo' ? by : `${by}: ${before.state} to ${after.state}`
}

const allKinds = [
  'cancel: available to cancelled',
  'cancel: pending to cancelled',
  'cancel: retryable to cancelled',
  'claim: retryable to running',
  'claim: running to running',
  'complete: running to completed',
  'discard: running to discarded',
  'fail: running to discarded',
  'fail: running to retryable',
  'resume: cancelled to running',
  'resume: discarded to running',
  'undo',
]
