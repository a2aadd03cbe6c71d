import type { Command } from 'commander'
import { exampleLines, examplesOf, fullName, leavesOf } from '../../src/cli/help.ts'
import { makeProgram } from '../../src/cli/program.ts'
import { makePage, type Page } from './page.ts'

/** The reference of the command line: what `--help` prints. */
export async function commandLinePage(): Promise<Page> {
  const program = makeProgram()
  return makePage('cli', [program, ...leavesOf(program)].flatMap(section))
}

/** The help of a command, and its examples as a block that can be run. */
function section(command: Command): string[] {
  command.configureOutput({ getOutHelpWidth: () => 80 })
  const help = command.helpInformation()
  const examples = ['```sh', ...exampleLines(examplesOf(command)), '```'].join('\n')
  return [`## ${fullName(command)}`, ['```', help.trim(), '```'].join('\n'), examples]
}
