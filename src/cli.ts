#!/usr/bin/env node
import { CommanderError } from 'commander'
import { exitCode, type ExitCode } from './cli/exit-code.ts'
import { exitCodeOf, explainError } from './cli/explain-error.ts'
import { makeProgram } from './cli/program.ts'

// Of the warnings of Node.js and of libraries, one line; none of what they will do otherwise in their next version.
process.removeAllListeners('warning').on('warning', ({ name, message }) => {
  if (name !== 'DeprecationWarning') console.error(message.split('\n')[0])
})

// Whoever reads our output has read enough: `| head`.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit()
    throw error
  })
}

const program = makeProgram()
try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = tell(error)
}

/** Says what went wrong, and returns the exit code for it. */
function tell(error: unknown): ExitCode {
  const isCommander = error instanceof CommanderError
  if (isCommander && error.exitCode === 0) return exitCode.done
  if (isCommander && isNoCommand(error)) program.outputHelp({ error: true })
  // Where no command is named, Commander prints the help by itself.
  else if (!(isCommander && error.code === 'commander.help')) console.error(explainError(error))
  if (process.argv.includes('--debug')) {
    for (let cause = error; cause instanceof Error; cause = cause.cause) console.error(cause.stack)
  }
  return exitCodeOf(error)
}

/** Whether the command does not exist and is like none that does. */
function isNoCommand({ code, message }: CommanderError): boolean {
  return code === 'commander.excessArguments'
    ? program.args[0] === 'migrate'
    : code === 'commander.unknownCommand' && !message.includes('Did you mean')
}
