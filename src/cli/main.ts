#!/usr/bin/env node
import { CommanderError } from 'commander'
import { exitCodeOf, explainError } from './errors.ts'
import { exitCode, type ExitCode } from './exit-code.ts'
import { makeProgram } from './program.ts'
import { note } from './terminal/output.ts'

// Print each warning as one line, and no deprecation warnings: they are not for users of this program.
process.removeAllListeners('warning').on('warning', ({ name, message }) => {
  if (name !== 'DeprecationWarning') note(message.split('\n', 1).join())
})

// The writer of the results gets its own error. Errors of other output are ignored: nobody can read them.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)

try {
  await makeProgram().parseAsync()
} catch (error) {
  process.exitCode = report(error)
}

/** Prints an error, and returns its exit code. */
function report(error: unknown): ExitCode {
  const isCommander = error instanceof CommanderError
  if (isCommander && error.exitCode === 0) return exitCode.done
  // Without a command, Commander has already printed the help.
  if (!(isCommander && error.code === 'commander.help')) note(...explainError(error))
  if (process.argv.includes('--debug')) {
    for (let cause = error; cause instanceof Error; cause = cause.cause) note(...(cause.stack ?? '').split('\n'))
  }
  return exitCodeOf(error)
}
