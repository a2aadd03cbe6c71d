import { compiledCommandLine } from './compiled.ts'
import { runProgram, type Outcome } from './run-program.ts'

/** What to start for these arguments of `kanthorq-tasks`. */
export function commandLine(args: readonly string[]): [program: string, ...args: string[]] {
  return [process.execPath, compiledCommandLine(), ...args]
}

/** Runs `kanthorq-tasks` to its end, without a terminal. */
export function kanthorqTasks(
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; input?: string } = {},
): Promise<Outcome> {
  const [program, ...rest] = commandLine(args)
  return runProgram(program, rest, options)
}

/** The JSON values that a command printed, one a line. */
export function records<Value>(outcome: Outcome): Value[] {
  const lines = outcome.stdout.split('\n').slice(0, -1)
  return lines.map((line) => JSON.parse(line) as Value)
}
