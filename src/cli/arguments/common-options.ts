import { Command, Option } from 'commander'
import { nonEmpty } from './option-parsers.ts'

/** The options of every command, as parsed. */
export interface CommonFlags {
  url?: string
  schema?: string
  json?: boolean
  csv?: boolean
  debug?: boolean
}

/** Adds the options of every command to the program, which accepts them before and after a command's name. */
export function addCommon(program: Command): Command {
  const connection = [
    new Option('--url <url>', 'postgres://user@host:port/database (default: DATABASE_URL, or PGHOST, PGUSER etc.)'),
    new Option('--schema <name>', 'schema that holds the functions (default: public)'),
  ]
  const output = [
    new Option('--json', 'print results as JSON, one value a line').conflicts('csv'),
    new Option('--csv', 'print results as CSV with a line of headings'),
    new Option('--debug', 'print the stack trace of an error'),
  ]
  for (const option of connection) program.addOption(option.argParser(nonEmpty).helpGroup('Connection:'))
  for (const option of output) program.addOption(option.helpGroup('Output:'))
  return program.addHelpOption(new Option('-h, --help', 'print this help').helpGroup('Output:'))
}

/** The common options as text below the help of a command. */
export function commonHelp(): string {
  const help = addCommon(new Command()).helpInformation()
  return help.slice(help.indexOf('\n\n') + 1).trimEnd()
}

/** The common options that a command was given. */
export function commonFlags(command: Command): CommonFlags {
  return command.optsWithGlobals()
}
