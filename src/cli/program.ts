import { readFileSync } from 'node:fs'
import { Command, Option } from 'commander'
import { addCommon, commonHelp } from './arguments/common-options.ts'
import { completeCommand, completionCommand } from './commands/completion.ts'
import { consumersCommand } from './commands/consumers.ts'
import { doctorCommand } from './commands/doctor.ts'
import { errorsCommand } from './commands/errors.ts'
import { explainCommand } from './commands/explain.ts'
import { findCommand } from './commands/find.ts'
import { holdCommand, releaseCommand } from './commands/hold.ts'
import { logCommand } from './commands/log.ts'
import { migrateCommand } from './commands/migrate.ts'
import { publishCommand } from './commands/publish.ts'
import { purgeCommand } from './commands/purge.ts'
import { missedCommand } from './commands/missed.ts'
import { ratesCommand } from './commands/rates.ts'
import { grantCommand, revokeCommand } from './commands/rights.ts'
import { showCommand } from './commands/show.ts'
import { statsCommand } from './commands/stats.ts'
import { topCommand } from './commands/top.ts'
import { transitionCommand } from './commands/transition/transition-command.ts'
import { undoCommand } from './commands/undo.ts'
import { workCommand } from './commands/work/work-command.ts'
import { addExamples, exampleLines, examplesOf, leavesOf, subcommandTerm } from './help.ts'

/** Makes the command line. Parsing throws a CommanderError for an invalid one, and never ends the process. */
export function makeProgram(): Command {
  const program = addCommon(new Command('kanthorq-tasks'))
    .description('Manages the tasks of KanthorQ in PostgreSQL.')
    .version(version(), '--version', 'print the version')
    .helpCommand('help [command]', 'print the help of a command')
    .configureHelp({ subcommandTerm })
    .configureOutput({ outputError: () => undefined })
    .exitOverride()
  for (const command of [
    migrateCommand(),
    doctorCommand(),
    statsCommand(),
    errorsCommand(),
    consumersCommand(),
    ratesCommand(),
    topCommand(),
    findCommand(),
    explainCommand(),
    showCommand(),
    missedCommand(),
    transitionCommand('cancel'),
    transitionCommand('resume'),
    transitionCommand('discard'),
    holdCommand(),
    releaseCommand(),
    logCommand(),
    undoCommand(),
    publishCommand(),
    workCommand(),
    purgeCommand(),
    grantCommand(),
    revokeCommand(),
    completionCommand(),
  ])
    program.addCommand(command)
  inherit(program)
  program.addCommand(completeCommand(program).copyInheritedSettings(program), { hidden: true })
  program.addHelpText('after', '\nExit codes: 0 done; 1 failed; 2 invalid command line; 3 nothing matched; 130 interrupted.')
  addExamples(
    program,
    {
      why: 'count the tasks, and check the database',
      line: 'kanthorq-tasks stats && kanthorq-tasks doctor',
    },
    {
      why: 'preview a cancel; without --dry-run it asks, and then cancels',
      line: "kanthorq-tasks cancel send_email --subject 'order.>' --dry-run",
    },
    {
      why: 'options and examples of a command',
      line: 'kanthorq-tasks cancel --help',
    },
  )
  for (const command of [program, ...leavesOf(program)]) {
    const lines = exampleLines(examplesOf(command)).map((line) => line && `  ${line}`)
    command.addHelpText('after', ['', 'Examples:', ...lines].join('\n'))
  }
  return program
}

/** Completes commands: Commander passes its settings only to commands that it makes itself. */
function inherit(command: Command): void {
  for (const child of command.commands) {
    child.copyInheritedSettings(command)
    if (child.commands.length === 0) child.addHelpOption(new Option('-h, --help').hideHelp()).addHelpText('after', commonHelp)
    inherit(child)
  }
}

function version(): string {
  const file = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(file) as { version: string }).version
}
