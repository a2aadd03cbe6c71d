import type { Command } from 'commander'

/** A command line, and what it is for. */
export interface Example {
  why: string
  line: string
}

const known = new WeakMap<Command, readonly Example[]>()

/** Gives a command its examples: `--help` ends with them, and the documents have them run. */
export function addExamples(command: Command, ...examples: Example[]): Command {
  known.set(command, examples)
  const lines = exampleLines(examples).map((line) => (line === '' ? '' : `  ${line}`))
  return command.addHelpText('after', ['', 'Examples:', ...lines].join('\n'))
}

export function examplesOf(command: Command): readonly Example[] {
  return known.get(command) ?? []
}

/** Examples as they stand in a help text, or in a file that a shell can run. */
export function exampleLines(examples: readonly Example[]): string[] {
  return examples.flatMap(({ why, line }) => [`# ${why}`, line, '']).slice(0, -1)
}
