#!/usr/bin/env node
import { CommanderError } from 'commander'
import { exitCodeOf, explainError } from './errors.ts'
import { exitCode, type ExitCode } from './exit-code.ts'
import { makeProgram } from './program.ts'

// Of the warnings of Node.js and of libraries, one line; none of what they will do otherwise in their next version.
process.removeAllListeners('warning').on('warning', ({ name, message }) => {
  if (name !== 'DeprecationWarning') console.error(message.split('\n')[0])
})

// What can't be written is told to whoever writes it; nobody is left to be told of the rest.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)

try {
  await makeProgram().parseAsync()
} catch (error) {
  process.exitCode = tell(error)
}

/** Says what went wrong, and returns the exit code for it. */
function tell(error: unknown): ExitCode {
  const isCommander = error instanceof CommanderError
  if (isCommander && error.exitCode === 0) return exitCode.done
  // Where no command is named, Commander prints the help by itself.
  if (!(isCommander && error.code === 'commander.help')) console.error(explainError(error))
  if (process.argv.includes('--debug')) {
    for (let cause = error; cause instanceof Error; cause = cause.cause) console.error(cause.stack)
  }
  return exitCodeOf(error)
}
