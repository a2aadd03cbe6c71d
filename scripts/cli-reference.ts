// npm run docs:cli: writes the reference of the command line into docs/cli.md, below the line that says so.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { format, resolveConfig } from 'prettier'
import { exampleLines, examplesOf } from '../src/cli/examples.ts'
import { fullName, leavesOf } from '../src/cli/help.ts'
import { makeProgram } from '../src/cli/program.ts'

const file = fileURLToPath(new URL('../docs/cli.md', import.meta.url))

const marker =
  '<!-- From here on it is what --help prints: npm run docs:cli writes it, and a test compares. -->'

/** docs/cli.md as it has to be: what is written by hand, and the reference below it. */
export async function cliReference(): Promise<string> {
  const [prose, rest] = readFileSync(file, 'utf8').split(marker)
  if (prose === undefined || rest === undefined)
    throw new Error(`docs/cli.md must have the line ${marker}`)
  const program = makeProgram()
  const text = [prose, marker, ...[program, ...leavesOf(program)].flatMap(section)].join('\n')
  return format(text, { ...(await resolveConfig(file)), parser: 'markdown' })
}

/** The help of a command, and its examples as a block that can be run. */
function section(command: Command): string[] {
  command.configureOutput({ getOutHelpWidth: () => 80 })
  const help = command.helpInformation()
  const examples = ['', '```sh', ...exampleLines(examplesOf(command)), '```']
  return ['', `## ${fullName(command)}`, '', '```', help.trim(), '```', ...examples]
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(file, await cliReference())
