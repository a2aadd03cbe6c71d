import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startKillableServer, startServer } from '../scripts/server.ts'
import { Bench } from './bench.ts'
import { charts } from './chart.ts'
import { conditionsOf } from './conditions.ts'
import { filter } from './filter.ts'
import { growth } from './growth.ts'
import { ids } from './ids.ts'
import { parts, writeResult, type Part, type Results } from './results.ts'
import { writeReport } from './report.ts'

const results = fileURLToPath(new URL('results', import.meta.url))

const usage = `Usage: npm run bench -- [ids] [filter] [growth] [options]
       npm run bench -- report

Measures the parts that are named, or all, and writes what comes out as JSON and as a chart. report puts the results of
bench/results into docs/benchmarks.md and docs/scaling.md.

  --scale NUMBER    the tables' share of their full size, which is up to 10 million tasks; default 1
  --minutes NUMBER  how long all three parts measure, without filling tables; default 13
  --out FOLDER      where to; default bench/results, or bench/results/trial with another scale than 1
`

/** How each part is run; the number is its share of the time. */
const run = {
  ids: running('ids', 0.42, ids),
  filter: running('filter', 0.36, filter),
  growth: running('growth', 0.22, growth),
}

/** Measures a part, and writes what comes out into a folder. */
function running<P extends Part>(
  part: P,
  share: number,
  measure: (bench: Bench, seconds: number) => Promise<Results[P]>,
) {
  return async (bench: Bench, seconds: number, out: string): Promise<void> => {
    const result = await measure(bench, seconds * share)
    writeResult(out, part, result)
    writeFileSync(join(out, `${part}.svg`), charts[part](result))
    bench.print(`${join(out, part)}.json and .svg\n`)
  }
}

function options() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      scale: { type: 'string', default: '1' },
      minutes: { type: 'string', default: '13' },
      out: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const [scale, minutes] = [Number(values.scale), Number(values.minutes)]
  const unknown = positionals.filter(
    (word) => word !== 'report' && !parts.some((part) => part === word),
  )
  if (unknown.length > 0) throw new UsageError(`${unknown.join(', ')}: there is no such part`)
  if (!(scale > 0 && scale <= 1)) throw new UsageError(`--scale ${values.scale}: from above 0 to 1`)
  if (!(minutes > 0)) throw new UsageError(`--minutes ${values.minutes}: above 0`)
  const chosen = parts.filter((part) => positionals.length === 0 || positionals.includes(part))
  const out = values.out ?? (scale === 1 ? results : join(results, 'trial'))
  return { help: values.help, report: positionals.includes('report'), chosen, scale, minutes, out }
}

async function main(): Promise<void> {
  const { help, report, chosen, scale, minutes, out } = options()
  if (help) {
    console.log(usage)
    return
  }
  if (chosen.length > 0) {
    // The embedded server of the tests does not wait for the disk; this one does, as those that the numbers are for.
    const server = process.env['DATABASE_URL'] ? await startServer() : await startKillableServer()
    try {
      const bench = new Bench(server, await conditionsOf(server.url, scale))
      for (const part of chosen) await run[part](bench, minutes * 60, out)
    } catch (error) {
      // Leaves at once: connections that are still open do not survive the end of the server.
      console.error(error)
      process.exit(1)
    }
    await server.stop()
  }
  if (report) await writeReport(results)
}

/** A command that can't be obeyed as it is written. */
class UsageError extends Error {}

try {
  await main()
} catch (error) {
  if (!isUsageError(error)) throw error
  console.error(`${error.message}\n\n${usage}`)
  process.exitCode = 2
}

function isUsageError(error: unknown): error is Error {
  if (error instanceof UsageError) return true
  return (
    error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
  )
}
