// npm run bench: see `usage`.
import { spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startKillableServer, startServer } from '../scripts/server.ts'
import { Bench } from './bench.ts'
import { chartOfClaims } from './chart.ts'
import { conditionsOf } from './conditions.ts'
import { filter } from './filter.ts'
import { growth } from './growth.ts'
import { ids } from './ids.ts'
import { writeReport } from './report.ts'
import { parts, writeResults, type Results } from './results.ts'
import { sectionsOf } from './sections.ts'
import { work } from './work.ts'

const usage = `Usage: npm run bench -- [ids] [filter] [growth] [work] [options]
       npm run bench -- report

Measures the named parts, or all, and writes the results. report puts the results of bench/results into docs/benchmarks.md
and docs/scaling.md.

  --scale NUMBER    the tables' share of their full size, which is up to 10 million tasks; default 1
  --minutes NUMBER  the time for all parts, without filling tables; default 18
  --out FOLDER      where to; default bench/results, or bench/results/trial with another scale than 1
`
const committed = fileURLToPath(new URL('results', import.meta.url))

const { words, scale, minutes, out } = readArguments()
if (words.includes('report')) await writeReport(committed)
const chosen = parts.filter((part) => words.length === 0 || words.includes(part))
if (chosen.length > 0) {
  if (chosen.includes('ids') || chosen.includes('work')) installQueues()
  // The embedded server of the tests does not wait for the disk; this one does, as in production.
  const server = process.env['DATABASE_URL'] ? await startServer() : await startKillableServer()
  try {
    const bench = new Bench(server, await conditionsOf(server, scale))
    const measure = {
      ids: () => ids(bench, minutes * 60 * 0.3),
      filter: () => filter(bench, minutes * 60 * 0.26),
      growth: () => growth(bench, minutes * 60 * 0.2),
      work: () => work(bench, minutes * 60 * 0.24),
    }
    for (const part of chosen) finish({ [part]: await measure[part]() })
  } catch (error) {
    // Leaves at once: open connections do not survive the end of the server.
    console.error(error)
    process.exit(1)
  }
  await server.stop()
}

/** Writes results, and prints what the documents show of them. */
function finish(results: Partial<Results>): void {
  writeResults(out, results)
  if (results.filter) writeFileSync(join(out, 'filter.svg'), chartOfClaims(results.filter))
  for (const section of Object.values(sectionsOf(results))) console.log(`${section}\n`)
}

/** Installs the queues that bench/package.json names, unless they are there. */
function installQueues(): void {
  if (existsSync(new URL('node_modules/pg-boss', import.meta.url))) return
  const args = ['ci', '--prefix', fileURLToPath(new URL('.', import.meta.url))]
  const { status } = spawnSync('npm', args, { stdio: 'inherit' })
  if (status !== 0) process.exit(1)
}

/** --help, and wrong arguments, end the program. */
function readArguments() {
  try {
    const { values, positionals: words } = parseArgs({
      allowPositionals: true,
      options: {
        scale: { type: 'string', default: '1' },
        minutes: { type: 'string', default: '18' },
        out: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    })
    if (values.help) {
      console.log(usage)
      process.exit()
    }
    const [scale, minutes] = [Number(values.scale), Number(values.minutes)]
    const unknown = words.find((word) => ![...parts, 'report'].includes(word))
    if (unknown !== undefined) throw new Error(`${unknown}: there is no such part`)
    if (!(scale > 0 && scale <= 1)) throw new Error(`--scale ${values.scale}: from above 0 to 1`)
    if (!(minutes > 0)) throw new Error(`--minutes ${values.minutes}: above 0`)
    const out = values.out ?? (scale === 1 ? committed : join(committed, 'trial'))
    return { words, scale, minutes, out }
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`)
    return process.exit(2)
  }
}
