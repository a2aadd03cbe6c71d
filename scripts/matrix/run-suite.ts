import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Configuration } from './configurations.ts'
import { fetchPostgres } from './fetch-postgres.ts'

/** What became of the suite in a configuration. */
export interface Outcome {
  configuration: Configuration
  passed: number
  failed: number
  seconds: number
}

/**
 * Runs `npm test` in a configuration.
 *
 * @param write - takes what it prints, as it comes
 * @returns what its last line says; a run that did not get so far is one failure
 */
export async function runSuite(
  configuration: Configuration,
  write: (text: string) => void,
): Promise<Outcome> {
  const start = performance.now()
  const folder = configuration.release && (await fetchPostgres(configuration.release))
  const suite = spawn(
    process.execPath,
    ['--import', 'tsx', fileURLToPath(import.meta.resolve('../test.ts'))],
    {
      env: {
        ...process.env,
        ...configuration.env,
        KANTHORQ_TEST_WITHOUT: Object.keys(configuration.without).join(),
        KANTHORQ_POSTGRES: folder,
        DATABASE_URL: undefined,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  const kill = () => suite.kill()
  process.once('exit', kill)
  let end = ''
  for (const stream of [suite.stdout, suite.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      end = (end + text).slice(-1000)
      write(text)
    })
  }
  await once(suite, 'close')
  process.off('exit', kill)
  const [, passed, failed] = /\n(\d+) passed, (\d+) failed\n$/.exec(end) ?? []
  const seconds = Math.round((performance.now() - start) / 1000)
  if (passed !== undefined) {
    return { configuration, passed: Number(passed), failed: Number(failed), seconds }
  }
  const totals = process.env['KANTHORQ_TEST_TOTALS']
  if (totals) appendFileSync(totals, '0 passed, 1 failed\n')
  return { configuration, passed: 0, failed: 1, seconds }
}
