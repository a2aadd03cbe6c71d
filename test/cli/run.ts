import { kanthorqTasks } from '../support/command-line.ts'
import type { Outcome } from '../support/run-program.ts'

/** Makes a function that runs the command line on a database, without a terminal. Blanks separate the words of a line. */
export function runOn(database: { url: string }, env: NodeJS.ProcessEnv = {}) {
  return (line: string, input = ''): Promise<Outcome> =>
    kanthorqTasks(line.split(' '), { env: { DATABASE_URL: database.url, ...env }, input })
}

/** An exit code and the text on standard output and on standard error, to compare with. */
export function outcome(code: number, stdout: string, stderr = ''): Outcome {
  return { code, stdout, stderr }
}
