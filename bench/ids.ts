// By ids: cancel and resume some tasks out of a million, by every way that there is.
import type { Bench, BenchDatabase } from './bench.ts'
import { bareUpdate, name as bare } from './contenders/bare-update.ts'
import { actions, type Contender } from './contenders/contender.ts'
import { graphileWorker } from './contenders/graphile-worker.ts'
import { kanthorqTasks } from './contenders/kanthorq-tasks.ts'
import { kanthorq } from './contenders/kanthorq.ts'
import { pgBoss } from './contenders/pg-boss.ts'
import { riversShape } from './contenders/river.ts'
import { updateAndLog } from './contenders/update-and-log.ts'
import { rotated, rounds, spread, spreadOfRatios, timed } from './measure.ts'
import type { IdsResult } from './results.ts'
import { middle, number, table } from './table.ts'
import { fillTasks } from './tasks.ts'

/** How many ids a call has, and its share of the time. */
const sizes = [
  { ids: 1, share: 0.1 },
  { ids: 10, share: 0.1 },
  { ids: 100, share: 0.1 },
  { ids: 500, share: 0.1 },
  { ids: 5000, share: 0.2 },
  { ids: 50_000, share: 0.4 },
]

/** Measures for about so many seconds. */
export async function ids(bench: Bench, seconds: number): Promise<IdsResult> {
  const tasks = bench.scaled(1_000_000)
  const database = await bench.database()
  const contenders = await prepare(bench, database, tasks)
  const rows: IdsResult['rows'] = []
  for (const size of sizes) {
    // Each contender has to find that many that can be cancelled, and enough to choose from.
    if (size.ids > tasks / 2) {
      bench.print(`${number(size.ids)} ids are too many for ${number(tasks)} tasks: left out`)
      continue
    }
    const measured = await measure(bench, contenders, size.ids, seconds * size.share)
    bench.print(inTable(measured))
    rows.push(...measured)
  }
  for (const contender of contenders) await contender.close()
  await database.drop()
  return { conditions: bench.conditions, tasks, rows }
}

async function prepare(
  bench: Bench,
  { url, pool }: BenchDatabase,
  count: number,
): Promise<Contender[]> {
  bench.say(`filling three tables with ${number(count)} tasks each`)
  const tasks = await fillTasks(pool, { consumer: 'by_ids', tasks: count, states: ['available'] })
  return [
    await bareUpdate(url, tasks),
    await kanthorqTasks(url, tasks),
    await updateAndLog(url, tasks),
    await kanthorq(url, tasks),
    await riversShape(url, tasks),
    await pgBoss(url, pool, count),
    await graphileWorker(url, pool, count),
  ]
}

/**
 * In each round each contender cancels some tasks and resumes them. Then they are put back and the table is vacuumed, so
 * that all find it as the others do; and each round another begins. Vacuuming makes a session forget its plans: what is
 * timed comes after a call that is not, by which it has made them again.
 */
async function measure(
  bench: Bench,
  contenders: readonly Contender[],
  count: number,
  seconds: number,
) {
  const samples = new Map(
    contenders.map((contender) => [contender, { cancel: [] as number[], resume: [] as number[] }]),
  )
  const turn = async (contender: Contender) => {
    const first = Math.min(count, 500)
    const picked = await contender.store.pick(first + count)
    for (const action of actions) await contender.call(action, picked.slice(0, first))
    const chosen = picked.slice(first)
    for (const action of actions) {
      const { ms, result } = await timed(() => contender.call(action, chosen))
      if (result !== count) {
        throw new Error(`${contender.name}: ${action} of ${count} tasks moved ${result}`)
      }
      samples.get(contender)?.[action].push(ms)
    }
    await contender.store.putBack(picked)
  }

  bench.say(`${number(count)} ids`)
  await rounds({ seconds, least: 3 }, async (round) => {
    bench.tick(`${number(count)} ids, round ${round + 1}`)
    for (const contender of rotated(contenders, round)) await turn(contender)
  })
  const base = [...samples].find(([{ name }]) => name === bare)?.[1]
  return actions.flatMap((action) =>
    [...samples].map(([{ name: contender }, { [action]: times }]) => ({
      action,
      ids: count,
      contender,
      rounds: times.length,
      ms: spread(times),
      timesBare: spreadOfRatios(times, base?.[action] ?? []),
    })),
  )
}

function inTable(rows: IdsResult['rows']): string {
  return table(
    ['', 'ids', 'rounds', 'ms', 'times the bare UPDATE'],
    rows.map((row) => [
      `${row.action}: ${row.contender}`,
      number(row.ids),
      number(row.rounds),
      middle(row.ms),
      middle(row.timesBare),
    ]),
  )
}
