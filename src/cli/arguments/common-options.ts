import { Option, type Command } from 'commander'
import { nonEmpty } from './option-parsers.ts'

/** The options of every command, as parsed. */
export interface CommonFlags {
  url?: string
  schema?: string
  json?: boolean
  debug?: boolean
}

/** Adds the options of every command. */
export function addCommon(command: Command): Command {
  const connection = [
    new Option(
      '--url <url>',
      'postgres://user@host:port/database (default: DATABASE_URL, or PGHOST, PGUSER etc.)',
    ),
    new Option('--schema <name>', 'schema that holds the functions (default: public)'),
  ]
  const output = [
    new Option('--json', 'print results as JSON, one value a line'),
    new Option('--debug', 'print the stack trace of an error'),
  ]
  for (const option of connection)
    command.addOption(option.argParser(nonEmpty).helpGroup('Connection:'))
  for (const option of output) command.addOption(option.helpGroup('Output:'))
  return command
}

/** The common options, whether they come before or after the command's name. */
export function commonFlags(command: Command): CommonFlags {
  return command.optsWithGlobals()
}
