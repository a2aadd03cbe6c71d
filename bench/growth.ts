// Growth: what a call costs in tables of several sizes, and in one that is partitioned; and the memory that it takes.
import { mixed, type Bench } from './bench.ts'
import { calls, type Scene } from './calls.ts'
import { openSession } from './contenders/contender.ts'
import { rotated, rounds, spread, timed } from './measure.ts'
import { memoryOfCalls } from './memory.ts'
import type { GrowthResult } from './results.ts'
import { number, table } from './table.ts'
import { fillTasks, type Filling } from './tasks.ts'

/** Of 20 tasks 19 are completed, and of the others each state has a fifth. */
const mostlyCompleted = (
  ['available', 'running', 'retryable', 'discarded', 'cancelled'] as const
).flatMap((state) => [...Array.from({ length: 19 }, () => 'completed' as const), state])

const fillings: readonly (Filling & { name: string })[] = [
  { name: '10 thousand', consumer: 'small', tasks: 10_000, states: mixed },
  { name: '1 million', consumer: 'medium', tasks: 1_000_000, states: mixed },
  { name: '95 % completed', consumer: 'old', tasks: 1_000_000, states: mostlyCompleted },
  { name: '16 partitions', consumer: 'parts', tasks: 1_000_000, states: mixed, partitions: 16 },
]

/** A scene, and how its table is called in the report. */
type NamedScene = Scene & { name: string }

/** Measures for about so many seconds. */
export async function growth(bench: Bench, seconds: number): Promise<GrowthResult> {
  const database = await bench.database()
  const scenes: NamedScene[] = []
  for (const { name, ...filling } of fillings) {
    const count = bench.scaled(filling.tasks)
    bench.say(`filling a table: ${name}, ${number(count)} tasks`)
    const tasks = await fillTasks(database.pool, { ...filling, tasks: count })
    scenes.push({ name, tasks, session: await openSession(database.url) })
  }
  const large = await bench.copyOfLarge()
  const session = await openSession(large.database.url)
  scenes.splice(2, 0, { name: '10 million', tasks: large.tasks, session })

  const rows = await measure(bench, scenes, seconds)
  bench.print(inTable(rows))
  const tables = await Promise.all(scenes.map(sizeOf))
  for (const { session } of scenes) await session.end()
  await database.drop()

  const memory = await memoryOfCalls(bench, large.database.url, large.tasks)
  bench.print(memoryInTable(memory))
  const dead = memory.reduce((sum, { ids }) => sum + ids, 0)
  bench.say('vacuuming the largest table')
  const vacuum = await timed(() => large.database.pool.query(`vacuum ${large.tasks.table}`))
  await large.database.drop()
  return {
    conditions: bench.conditions,
    tables,
    rows,
    memory,
    vacuum: { tasks: large.tasks.filling.tasks, dead, seconds: vacuum.ms / 1000 },
  }
}

async function measure(bench: Bench, scenes: readonly NamedScene[], seconds: number) {
  const samples = scenes.flatMap((scene) =>
    calls.map((call) => ({ scene, call, tasks: 0, times: [] as number[] })),
  )
  bench.say('growth')
  await rounds({ seconds, least: 3 }, async (round) => {
    for (const sample of rotated(samples, round * calls.length)) {
      const { scene, call, times } = sample
      bench.tick(`growth, round ${round + 1}: ${call.name} in ${scene.name}`)
      const { ms, tasks } = await call.make(scene)
      times.push(ms)
      sample.tasks = Math.max(sample.tasks, tasks)
    }
  })
  return samples.map(({ scene, call, tasks, times }) => ({
    table: scene.name,
    what: call.name,
    tasks,
    rounds: times.length,
    ms: spread(times),
  }))
}

async function sizeOf({
  name,
  tasks,
  session,
}: NamedScene): Promise<GrowthResult['tables'][number]> {
  const { rows } = await session.query<{ bytes: string }>(
    `select sum(pg_total_relation_size(part)) as bytes
     from (select $1::regclass as part union select relid from pg_partition_tree($1)) parts`,
    [tasks.table],
  )
  const megabytes = Math.round(Number(rows[0]?.bytes) / 2 ** 20)
  return { table: name, tasks: tasks.filling.tasks, megabytes }
}

function inTable(rows: GrowthResult['rows']): string {
  const tables = [...new Set(rows.map((row) => row.table))]
  return table(
    ['ms', ...tables],
    calls.map(({ name }) => [
      name,
      ...rows.filter(({ what }) => what === name).map(({ ms }) => number(ms.median)),
    ]),
  )
}

function memoryInTable(memory: GrowthResult['memory']): string {
  return table(
    ['', 'ids', 'seconds', 'MB of the server', 'MB of the client'],
    memory.map((row) => [
      row.what,
      number(row.ids),
      number(row.seconds),
      row.server === null ? 'not to be seen' : number(row.server),
      number(row.client),
    ]),
  )
}
