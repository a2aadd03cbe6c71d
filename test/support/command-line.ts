import { runProgram, type Outcome } from './run-program.ts'

/** How to start the command line: the program, and its arguments before those of the command line. */
export const commandLine = [process.execPath, '--import', 'tsx', 'src/cli.ts'] as const

/** Runs `kanthorq-tasks` to its end, without a terminal. */
export function kanthorqTasks(
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; input?: string } = {},
): Promise<Outcome> {
  const [node, ...before] = commandLine
  return runProgram(node, [...before, ...args], options)
}

/** The JSON values that a command printed, one a line. */
export function records<Value>(outcome: Outcome): Value[] {
  const lines = outcome.stdout.split('\n').slice(0, -1)
  return lines.map((line) => JSON.parse(line) as Value)
}
