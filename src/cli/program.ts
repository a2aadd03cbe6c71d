import { readFileSync } from 'node:fs'
import tab from '@bomb.sh/tab/commander'
import { Command } from 'commander'
import { cancelCommand } from './cancel.ts'
import { discardCommand } from './discard.ts'
import { doctorCommand } from './doctor.ts'
import { addExamples } from './examples.ts'
import { explainCommand } from './explain.ts'
import { findCommand } from './find.ts'
import { grantCommand } from './grant.ts'
import { formatHelp } from './help.ts'
import { logCommand } from './log.ts'
import { migrateCommand } from './migrate.ts'
import { resumeCommand } from './resume.ts'
import { revokeCommand } from './revoke.ts'
import { addCommon } from './session.ts'
import { statsCommand } from './stats.ts'
import { undoCommand } from './undo.ts'

/** The whole command line. Parsing it throws a CommanderError for what can't be obeyed, and never ends the process. */
export function makeProgram(): Command {
  const program = addCommon(new Command('kanthorq-tasks'))
    .version(version(), '--version', 'print the version')
    .configureHelp({ formatHelp })
    .configureOutput({ outputError: () => undefined })
    .exitOverride()
  for (const command of [
    migrateCommand(),
    doctorCommand(),
    statsCommand(),
    findCommand(),
    explainCommand(),
    cancelCommand(),
    resumeCommand(),
    discardCommand(),
    logCommand(),
    undoCommand(),
    grantCommand(),
    revokeCommand(),
  ])
    program.addCommand(command)
  addCompletion(program)
  inherit(program)
  return addExamples(
    program,
    {
      why: 'install the functions beside KanthorQ, or update them',
      line: 'kanthorq-tasks migrate up --url "$DATABASE_URL"',
    },
    {
      why: 'what is there, and is anything wrong?',
      line: 'kanthorq-tasks stats && kanthorq-tasks doctor',
    },
    {
      why: 'see what a cancel would do; without --dry-run it asks, and does it',
      line: "kanthorq-tasks cancel send_email --subject 'order.>' --dry-run",
    },
  )
}

/** `completion`, and the hidden command by which the shell asks for words. */
function addCompletion(program: Command): void {
  tab(program, { completionCommandName: 'completion' })
  const completion = program.commands.find((command) => command.name() === 'completion')
  completion
    ?.description(
      'Prints the script that makes a shell complete commands, options and their values.',
    )
    .summary('complete words in bash, zsh, fish or powershell')
  if (completion !== undefined)
    addExamples(
      completion,
      { why: 'bash: in ~/.bashrc', line: 'source <(kanthorq-tasks completion bash)' },
      {
        why: 'zsh: into a folder of $fpath, under this name',
        line: 'kanthorq-tasks completion zsh > _kanthorq-tasks',
      },
    )
}

function inherit(command: Command): void {
  for (const child of command.commands) {
    child.copyInheritedSettings(command)
    inherit(child)
  }
}

function version(): string {
  const file = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(file) as { version: string }).version
}
