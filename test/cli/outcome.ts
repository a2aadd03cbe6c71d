import type { Outcome } from '../support/run-program.ts'

/** An exit code and the text on standard output and on standard error, to compare with. */
export function outcome(code: number, stdout: string, stderr = ''): Outcome {
  return { code, stdout, stderr }
}
