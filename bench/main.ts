import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startKillableServer, startServer } from '../scripts/server.ts'
import { Bench } from './bench.ts'
import { charts } from './chart.ts'
import { conditionsOf } from './conditions.ts'
import { filter } from './filter.ts'
import { growth } from './growth.ts'
import { ids } from './ids.ts'
import { results, type Options } from './options.ts'
import { writeResult, type Part, type Results } from './results.ts'
import { writeReport } from './report.ts'

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

/** Does what the command line says. */
export async function main({ report, chosen, scale, minutes, out }: Options): Promise<void> {
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
