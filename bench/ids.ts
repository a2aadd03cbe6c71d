// By ids: cancel and resume some tasks out of a million, by every way that there is.
import type { Bench } from './bench.ts'
import { actions, type Contender } from './contenders/contender.ts'
import { graphileWorker } from './contenders/graphile-worker.ts'
import { bare, onKanthorq, openContender } from './contenders/on-kanthorq.ts'
import { pgBoss } from './contenders/pg-boss.ts'
import { rotated, rounds, spread, spreadOfRatios, timed } from './measure.ts'
import { number } from './table.ts'
import { fillTasks } from './tasks.ts'

/** How many ids a call has, and its share of the time. */
const sizes = [
  { count: 1, share: 0.1 },
  { count: 10, share: 0.1 },
  { count: 100, share: 0.1 },
  { count: 500, share: 0.1 },
  { count: 5000, share: 0.2 },
  { count: 50_000, share: 0.4 },
]

/** Measures for about so many seconds. Returns a row for each action, number of ids, and contender. */
export async function ids(bench: Bench, seconds: number) {
  const count = bench.scaled(1_000_000)
  const { url, pool, drop } = await bench.database()
  console.error(`filling three tables with ${number(count)} tasks each`)
  const tasks = await fillTasks(pool, { consumer: 'by_ids', tasks: count, states: ['available'] })
  const contenders: Contender[] = []
  for (const name of onKanthorq) contenders.push(await openContender(name, url, tasks))
  contenders.push(await pgBoss(url, pool, count), await graphileWorker(url, pool, count))

  // Each contender has to find that many that can be cancelled, and enough to choose from.
  const measured = sizes.filter((size) => size.count <= count / 2)
  const rows = []
  for (const size of measured) rows.push(...(await measure(contenders, size.count, seconds * size.share)))
  for (const size of sizes.slice(measured.length))
    console.log(`${number(size.count)} ids are too many for ${number(count)} tasks: left out`)
  for (const contender of contenders) await contender.close()
  await drop()
  return { conditions: bench.conditions, tasks: count, rows }
}

/**
 * In each round each contender cancels some tasks and resumes them. Then they are put back and the table is vacuumed, so
 * that all find it as the others do; and each round another begins. Vacuuming makes a session forget its plans: what is
 * timed comes after a call that is not, by which it has made them again.
 */
async function measure(contenders: readonly Contender[], count: number, seconds: number) {
  const samples = new Map(contenders.map(({ name }) => [name, { cancel: [] as number[], resume: [] as number[] }]))
  console.error(`${number(count)} ids`)
  await rounds({ seconds, least: 3 }, async (round) => {
    for (const { name, store, call } of rotated(contenders, round)) {
      const first = Math.min(count, 500)
      const picked = await store.pick(first + count)
      for (const action of actions) await call(action, picked.slice(0, first))
      const chosen = picked.slice(first)
      for (const action of actions) {
        const { ms, result } = await timed(() => call(action, chosen))
        if (result !== count) throw new Error(`${name}: ${action} of ${count} moved ${result}`)
        samples.get(name)?.[action].push(ms)
      }
      await store.putBack(picked)
    }
  })
  return actions.flatMap((action) =>
    [...samples].map(([contender, { [action]: times }]) => ({
      action,
      ids: count,
      contender,
      rounds: times.length,
      ms: spread(times),
      /** How many times as long as the bare UPDATE of the same round. */
      timesBare: spreadOfRatios(times, samples.get(bare)?.[action] ?? []),
    })),
  )
}
