import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { parts, type Part } from './results.ts'

/** The folder of the results that the documents show. */
export const results = fileURLToPath(new URL('results', import.meta.url))

const usage = `Usage: npm run bench -- [ids] [filter] [growth] [options]
       npm run bench -- report

Measures the parts that are named, or all, and writes what comes out as JSON and as a chart. report puts the results of
bench/results into docs/benchmarks.md and docs/scaling.md.

  --scale NUMBER    the tables' share of their full size, which is up to 10 million tasks; default 1
  --minutes NUMBER  how long all three parts measure, without filling tables; default 13
  --out FOLDER      where to; default bench/results, or bench/results/trial with another scale than 1
`

/** What the command line asks for. */
export interface Options {
  /** Whether to put results into the documents. */
  report: boolean
  /** What to measure. */
  chosen: Part[]
  scale: number
  minutes: number
  /** The folder for what comes out. */
  out: string
}

/** Reads the command line. What can't be obeyed as it is written, and --help, end the program. */
export function readOptions(): Options {
  try {
    return parse()
  } catch (error) {
    if (!isUsageError(error)) throw error
    console.error(`${error.message}\n\n${usage}`)
    process.exit(2)
  }
}

function parse(): Options {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      scale: { type: 'string', default: '1' },
      minutes: { type: 'string', default: '13' },
      out: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) {
    console.log(usage)
    process.exit()
  }
  const [scale, minutes] = [Number(values.scale), Number(values.minutes)]
  const unknown = positionals.filter(
    (word) => word !== 'report' && !parts.some((part) => part === word),
  )
  if (unknown.length > 0) throw new UsageError(`${unknown.join(', ')}: there is no such part`)
  if (!(scale > 0 && scale <= 1)) throw new UsageError(`--scale ${values.scale}: from above 0 to 1`)
  if (!(minutes > 0)) throw new UsageError(`--minutes ${values.minutes}: above 0`)
  const chosen = parts.filter((part) => positionals.length === 0 || positionals.includes(part))
  const out = values.out ?? (scale === 1 ? results : join(results, 'trial'))
  return { report: positionals.includes('report'), chosen, scale, minutes, out }
}

/** A command that can't be obeyed as it is written. */
class UsageError extends Error {}

function isUsageError(error: unknown): error is Error {
  if (error instanceof UsageError) return true
  return (
    error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
  )
}
