// Commands at random, each on the database and on a model of it: what is told and what is stored must be the same.
import test from 'ava'
import fc from 'fast-check'
import { useDatabase } from '../support/database.ts'
import { effort, times } from '../support/effort.ts'
import { seedOf } from '../support/random.ts'
import { anything, expected, make } from './model/commands.ts'
import { Database, names, registerConsumers } from './model/database.ts'

const db = useDatabase(test)

// Undo goes wrong in rare sequences only.
const runs = Math.max(times(120), 6)
const attempts = fc.constantFrom(1, 1, 2, 3)
const scene = fc.record({
  attemptMax: fc.tuple(attempts, attempts, attempts),
  /** The consumer that most commands are about. */
  main: fc.nat(2),
  inTransaction: fc.constantFrom(false, false, true),
})

test('whatever is done in whatever order, the database does what the model says', async (t) => {
  t.timeout(runs * 20_000)
  await registerConsumers(db)
  const happened = new Set<string>()
  const session = await db.sessions.connect()
  t.teardown(() => {
    session.release()
  })
  const property = fc.asyncProperty(
    scene,
    fc.tuple(make, make, make),
    fc.commands([anything], { maxCommands: 75, size: 'max' }),
    async ({ attemptMax, main, inTransaction }, tasks, commands) => {
      const real = new Database(session)
      if (inTransaction) await session.query('begin')
      try {
        await real.start(attemptMax)
        const consumers = names.map((name, n) => {
          return { name, attemptMax: attemptMax[n] ?? 1, tasks: new Map(), events: new Set<string>(), cursor: '' }
        })
        consumers.push(...consumers.splice(0, main))
        const model = { consumers, log: [], open: new Set<never>(), inTransaction, happened }
        for (const command of tasks) await command.run(model, real)
        await fc.asyncModelRun(() => ({ model, real }), commands)
      } finally {
        if (inTransaction) await session.query('rollback')
      }
    },
  )
  const details = await fc.check(property, {
    seed: seedOf(t),
    numRuns: runs,
    plugins: [fc.unbiased()],
    // It ends the search for a shorter failure.
    interruptAfterTimeLimit: runs * 10_000,
  })
  if (details.failed) t.fail(`${fc.defaultReportMessage(details)}\n${String(details.errorInstance)}`)
  // Few runs may miss one of them.
  else if (effort >= 1) t.deepEqual([...happened].sort(), expected, 'each kind of call has moved tasks')
  else t.pass(`not reached: ${expected.filter((kind) => !happened.has(kind)).join(', ') || 'nothing'}`)
})
