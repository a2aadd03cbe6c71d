// Workers, operators and bulk calls at the same tasks, all at once.
import test from 'ava'
import { useDatabase } from '../support/database.ts'
import { times } from '../support/effort.ts'
import { seedOf } from '../support/random.ts'
import { kinds, kindsOf, mistakes } from './races/balance.ts'
import { runRace } from './races/race.ts'

const db = useDatabase(test)

test.serial('workers, operators and bulk calls never deadlock, and every task is accounted for once', async (t) => {
  // In fewer, not all that may happen does.
  const calls = Math.max(times(1200), 200)
  t.timeout(calls * 1000)
  const race = await runRace(db, { isolation: 'read committed', calls, seed: seedOf(t) })
  const waited = race.waiting.filter((sessions) => sessions > 0).length
  t.log(`${race.journal.length} moves, ${race.calls.length} calls, ${waited} saw somebody wait`)
  t.deepEqual(race.failures, [])
  t.deepEqual(mistakes(race).slice(0, 20), [])

  // It was a race: much was moved, in all the ways that there are, and they were in each other's way.
  t.deepEqual(kindsOf(race), kinds)
  t.true(race.journal.length >= times(1000))
  t.true(waited >= times(10))
})

for (const isolation of ['repeatable read', 'serializable']) {
  test.serial(`under ${isolation} all succeed who try until they do`, async (t) => {
    const race = await runRace(db, { isolation, calls: Math.max(times(160), 50), seed: seedOf(t) })
    t.deepEqual(race.failures, [])
    t.deepEqual(mistakes(race).slice(0, 20), [])
    t.true(race.log.length >= 10)
    t.true(race.retries >= 1)
  })
}
