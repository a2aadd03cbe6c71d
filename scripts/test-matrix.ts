// npm run test:matrix: the whole suite on all that is supported.
import { constants } from 'node:os'
import { parseArgs } from 'node:util'
import { findPgBouncer } from '../test/support/pgbouncer.ts'
import { configuration, names, type Configuration } from './matrix/configurations.ts'
import { runSuite, type Outcome } from './matrix/run-suite.ts'

const usage = `Usage: npm run test:matrix -- [options] [configuration…]

Runs all tests in one configuration after the other; in all of them if none is named:

  14, 15, 16, 17, 18  on that version of PostgreSQL, which npm fetches once into the cache folder
  pgbouncer           through PgBouncer in transaction mode, which has to be installed
  partitioned         where all tables of tasks are partitioned by the hash of event_id

The last two are on the newest version, or on another: pgbouncer@14. What is not about the server runs
on 18 only. Each server gets a hot standby in test/concurrency/hot-standby.test.ts.

  --once <role>       run each test file once instead of twice: those that can be run as either, as the
                      owner, or as an operator, who may only execute the functions
  --jobs <n>          run so many at once; each prints when it is done
  --help

Exit code: 0 all tests passed, 1 not so, 2 wrong usage.
`

function readArguments() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      jobs: { type: 'string', default: '1' },
      once: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const jobs = Number(values.jobs)
  if (values.once !== undefined && !['owner', 'operator'].includes(values.once)) {
    throw new Error('--once takes owner or operator')
  }
  if (!Number.isInteger(jobs) || jobs < 1) throw new Error('--jobs takes a number, at least 1')
  const configurations = (positionals.length > 0 ? positionals : names).map(configuration)
  return { help: values.help, once: values.once, jobs, configurations }
}

/** Runs all, so many at a time, and gives what became of them in their order. */
async function runAll(configurations: Configuration[], jobs: number): Promise<Outcome[]> {
  const outcomes = new Map<Configuration, Outcome>()
  const waiting = [...configurations]
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      let kept = heading(next)
      const print = (text: string) => void process.stdout.write(text)
      const keep = (text: string) => (kept += text)
      if (jobs === 1) print(kept)
      outcomes.set(next, await runSuite(next, jobs === 1 ? print : keep))
      if (jobs > 1) print(kept)
    }
  }
  await Promise.all(Array.from({ length: jobs }, work))
  return configurations.flatMap((each) => outcomes.get(each) ?? [])
}

function heading({ title, without }: Configuration): string {
  const reasons = Object.entries(without).map(([file, why]) => `  without ${file}, which ${why}\n`)
  return `\n=== ${title}\n${reasons.join('')}`
}

function table(outcomes: Outcome[]): string {
  const rows = outcomes.map(({ configuration: { name, server }, passed, failed, seconds }) => [
    name,
    server,
    ...[passed, failed, seconds].map(String),
  ])
  const lines = [['configuration', 'PostgreSQL', 'passed', 'failed', 'seconds'], ...rows]
  const widths = [0, 1, 2, 3, 4].map((n) => Math.max(...lines.map((line) => line[n]?.length ?? 0)))
  return lines
    .map((line) =>
      line
        .map((cell, n) => (n < 2 ? cell.padEnd(widths[n] ?? 0) : cell.padStart(widths[n] ?? 0)))
        .join('  '),
    )
    .join('\n')
}

async function main(): Promise<number> {
  let options
  try {
    options = readArguments()
  } catch (error) {
    process.stderr.write(`test-matrix: ${(error as Error).message}\n\n${usage}`)
    return 2
  }
  if (options.help) {
    process.stdout.write(usage)
    return 0
  }
  const { configurations, jobs, once } = options
  if (once !== undefined) process.env['KANTHORQ_TEST_ONCE'] = once
  if (
    configurations.some(({ env }) => env['KANTHORQ_TEST_VIA'] === 'pgbouncer') &&
    findPgBouncer() === undefined
  ) {
    process.stderr.write(
      'test-matrix: PgBouncer is not installed. Install it (Debian: apt-get install pgbouncer), or name other configurations.\n',
    )
    return 1
  }
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => process.exit(128 + constants.signals[signal]))
  }
  const outcomes = await runAll(configurations, jobs)
  const [passed, failed] = (['passed', 'failed'] as const).map((key) =>
    outcomes.reduce((sum, outcome) => sum + outcome[key], 0),
  )
  console.log(`\n${table(outcomes)}\n\n${String(passed)} passed, ${String(failed)} failed`)
  return failed === 0 ? 0 : 1
}

process.exitCode = await main()
