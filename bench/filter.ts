// By filter: cancel a tenth of ten million tasks, by subject and state, while workers claim others.
import { availableParallelism } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import pg from 'pg'
import type { Bench } from './bench.ts'
import { statement } from './contenders/on-kanthorq.ts'
import { rotated, rounds, spread, spreadOfRatios } from './measure.ts'
import type { Tasks } from './tasks.ts'
import { claimSize, Workers } from './claim.ts'

/** One way to cancel all available tasks of the subject `email.*`. */
interface Contender {
  name: string
  /** Whether it may stop when it is late, as what takes too long to wait for. */
  mayStop: boolean
  /** Returns how many it has cancelled. */
  cancel(session: pg.Client, tasks: Tasks, late: () => boolean): Promise<number>
}

const oneUpdate = 'one UPDATE'

/**
 * Workers get slower all by themselves, because each claim leaves a dead version behind, so they are watched for as long
 * without anybody beside them.
 */
const alone = 'workers alone'

const contenders: readonly Contender[] = [
  {
    name: alone,
    mayStop: true,
    async cancel(_session, _tasks, late) {
      while (!late()) await setTimeout(10)
      return 0
    },
  },
  cancelAll('kanthorq_task_cancel_all'),
  cancelAll("kanthorq_task_cancel_all, pause => '0'", ", pause => '0'"),
  {
    name: oneUpdate,
    mayStop: false,
    cancel: (session, tasks) => update(session, tasks, matches(tasks)),
  },
  {
    name: 'UPDATE … LIMIT 1000, over and over',
    mayStop: true,
    async cancel(session, tasks, late) {
      const some = `select event_id from ${tasks.table} where ${matches(tasks)} limit 1000`
      for (let done = 0; ;) {
        const moved = await update(session, tasks, `event_id in (${some})`)
        done += moved
        if (moved === 0 || late()) return done
      }
    },
  },
]

function cancelAll(name: string, pace = ''): Contender {
  return {
    name,
    mayStop: false,
    async cancel(session, { consumer }) {
      const { rows } = await session.query<{ updated: string }>(
        `call kanthorq_task_cancel_all('${consumer}', states => '{available}', subject => 'email.*'${pace})`,
      )
      return Number(rows[0]?.updated)
    },
  }
}

async function update(session: pg.Client, tasks: Tasks, condition: string): Promise<number> {
  const { assignments } = statement('cancel', tasks)
  const sql = `update ${tasks.table} t set ${assignments} where ${condition}`
  return (await session.query(sql, [Date.now()])).rowCount ?? 0
}

function matches({ codes }: Tasks): string {
  return `state = ${codes.available} and subject like 'email.%'`
}

/** What a contender came to in one round. */
type Run = Awaited<ReturnType<typeof run>>

/** Measures for about so many seconds. Returns a row for each contender. */
export async function filter(bench: Bench, seconds: number) {
  const tasks = bench.scaled(10_000_000)
  const runs = new Map(contenders.map(({ name }) => [name, [] as Run[]]))
  await rounds({ seconds, least: 1 }, async (round) => {
    for (const contender of rotated(contenders, round)) {
      console.error(`by filter, round ${round + 1}: ${contender.name}`)
      runs.get(contender.name)?.push(await run(bench, contender, seconds))
    }
  })
  const [base = [], control = []] = [runs.get(oneUpdate), runs.get(alone)]
  return {
    conditions: bench.conditions,
    tasks,
    matching: Math.round(tasks / 10),
    workers,
    claimSize,
    rows: [...runs]
      .filter(([contender]) => contender !== alone)
      .map(([contender, each]) => summary(contender, each, base, control)),
  }
}

/** Beside the one core that the cancelling takes. */
const workers = Math.max(availableParallelism() - 1, 1)

/** Each run begins with a copy of the same database, so that none meets what another has left. */
async function run(bench: Bench, contender: Contender, seconds: number) {
  const { database, tasks } = await bench.large()
  const session = new pg.Client(database.url)
  const sessions = Array.from({ length: workers }, () => new pg.Client(database.url))
  for (const each of [session, ...sessions]) await each.connect()
  const claims = new Workers(sessions, tasks)
  await setTimeout(Math.min(seconds / 100, 3) * 1000)
  const from = performance.now()
  await setTimeout(Math.min(seconds / 40, 10) * 1000)

  const start = performance.now()
  const limit = Math.min(seconds / 10, 60) * 1000
  const cancelled = await contender.cancel(session, tasks, () => performance.now() > start + limit)
  const end = performance.now()
  await claims.stop()
  const { rowCount } = await session.query(`select from ${tasks.table} where ${matches(tasks)}`)
  if (rowCount !== 0 && !contender.mayStop) throw new Error(`${contender.name} left ${rowCount ?? 0} tasks`)
  for (const each of [session, ...sessions]) await each.end()
  await database.drop()

  return {
    cancelled,
    seconds: (end - start) / 1000,
    longest: claims.between(start, end).longest,
    ranDry: claims.ranDry,
    course: course(claims, from, start, end),
    /** How many tasks workers claimed a second in the first so many seconds. */
    claims: (first: number) => claims.between(start, start + first * 1000).perSecond,
  }
}

/** What was claimed in each second, or in shorter times if all of it did not last for twenty. */
function course(claims: Workers, from: number, start: number, end: number) {
  const step = Math.min(1000, (end - from) / 20)
  const first = -Math.floor((start - from) / step)
  const length = Math.floor((end - start) / step) - first
  return Array.from({ length }, (_, index) => {
    const at = (first + index) * step
    const { perSecond } = claims.between(start + at, start + at + step)
    return { second: at / 1000, claims: Math.round(perSecond) }
  })
}

function summary(contender: string, runs: Run[], base: Run[], control: Run[]) {
  // As long as both lasted.
  const pairs = runs.flatMap((run, round) => {
    const beside = control[round]
    if (beside === undefined) return []
    const seconds = Math.min(run.seconds, beside.seconds)
    // Something has to be claimed to compare with, however short the time.
    return [{ meanwhile: run.claims(seconds), alone: beside.claims(Math.max(seconds, 1)) }]
  })
  return {
    contender,
    rounds: runs.length,
    /** How many it cancelled in the time that it was given. */
    cancelled: Math.min(...runs.map((run) => run.cancelled)),
    seconds: spread(runs.map((run) => run.seconds)),
    /** How many times as long as the one UPDATE of the same round. */
    timesUpdate: spreadOfRatios(
      runs.map((run) => run.seconds / run.cancelled),
      base.map((run) => run.seconds / run.cancelled),
    ),
    /** Tasks that the workers claim in a second with nobody beside them, and meanwhile; as long as both lasted. */
    claimsAlone: spread(pairs.map(({ alone }) => alone)),
    claimsMeanwhile: spread(pairs.map(({ meanwhile }) => meanwhile)),
    share: spread(pairs.map(({ meanwhile, alone }) => meanwhile / alone)),
    /** In milliseconds. */
    longestClaim: spread(runs.map((run) => run.longest)),
    ranDry: runs.some((run) => run.ranDry),
    /** Of the last round. */
    course: runs.at(-1)?.course ?? [],
  }
}
