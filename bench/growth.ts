// Growth: what a call costs in tables of several sizes, and in one that is partitioned; and the memory that it takes.
import pg from 'pg'
import { mixed, type Bench } from './bench.ts'
import { calls } from './calls.ts'
import { rotated, rounds, spread, timed } from './measure.ts'
import { memoryOfCalls } from './memory.ts'
import { number } from './table.ts'
import { fillEvents, fillTasks, type Filling } from './tasks.ts'

/** Of 20 tasks 19 are completed, and of the others each state has a fifth. */
const mostlyCompleted = (['available', 'running', 'retryable', 'discarded', 'cancelled'] as const).flatMap((state) => [
  ...Array.from({ length: 19 }, () => 'completed' as const),
  state,
])

const fillings: readonly (Filling & { name: string })[] = [
  { name: '10 thousand', consumer: 'small', tasks: 10_000, states: mixed },
  { name: '1 million', consumer: 'medium', tasks: 1_000_000, states: mixed },
  { name: '95 % completed', consumer: 'old', tasks: 1_000_000, states: mostlyCompleted },
  { name: '16 partitions', consumer: 'parts', tasks: 1_000_000, states: mixed, partitions: 16 },
]

/** Measures for about so many seconds. Returns a row for each table and each thing that is done with it. */
export async function growth(bench: Bench, seconds: number) {
  const { url, pool, drop } = await bench.database()
  const scenes = []
  for (const { name, ...filling } of fillings) {
    const count = bench.scaled(filling.tasks)
    console.error(`filling a table: ${name}, ${number(count)} tasks`)
    const tasks = await fillTasks(pool, { ...filling, tasks: count })
    scenes.push({ name, tasks, session: new pg.Client(url) })
  }
  await fillEvents(
    pool,
    scenes.map(({ tasks }) => tasks),
  )
  const { database, tasks: large } = await bench.large()
  console.error('filling the stream of the largest table')
  await fillEvents(database.pool, [large])
  scenes.splice(2, 0, { name: '10 million', tasks: large, session: new pg.Client(database.url) })
  for (const { session } of scenes) await session.connect()

  const samples = scenes.flatMap((scene) => calls.map((call) => ({ scene, call, tasks: 0, times: [] as number[] })))
  console.error('growth')
  await rounds({ seconds, least: 2 }, async (round) => {
    for (const sample of rotated(samples, round * calls.length)) {
      const { ms, tasks } = await sample.call.make(sample.scene)
      sample.times.push(ms)
      sample.tasks = Math.max(sample.tasks, tasks)
    }
  })
  const tables = []
  for (const { name, tasks, session } of scenes) {
    const { rows } = await session.query<{ bytes: string }>(
      `select sum(pg_total_relation_size(part)) as bytes
       from (select $1::regclass as part union select relid from pg_partition_tree($1)) parts`,
      [tasks.table],
    )
    const megabytes = Math.round(Number(rows[0]?.bytes) / 2 ** 20)
    tables.push({ table: name, tasks: tasks.filling.tasks, megabytes })
    await session.end()
  }
  await drop()

  const memory = await memoryOfCalls(bench, database.url, large)
  console.error('vacuuming the largest table')
  const vacuum = await timed(() => database.pool.query(`vacuum ${large.table}`))
  await database.drop()
  return {
    conditions: bench.conditions,
    tables,
    rows: samples.map(({ scene, call, tasks, times }) => ({
      table: scene.name,
      what: call.name,
      kind: call.kind,
      /** How many tasks the call is about. */
      tasks,
      rounds: times.length,
      ms: spread(times),
    })),
    /** What one call with very many ids takes. */
    memory,
    /** Vacuuming the largest table when these calls have left as many dead versions. */
    vacuum: {
      tasks: large.filling.tasks,
      dead: memory.reduce((sum, { ids }) => sum + ids, 0),
      seconds: vacuum.ms / 1000,
    },
  }
}
