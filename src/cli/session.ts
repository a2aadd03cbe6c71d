import { Option, type Command } from 'commander'
import { TaskClient } from '../client.ts'
import { connect, type ConnectionFlags } from './connect.ts'
import type { ExitCode } from './exit-code.ts'
import { Output } from './output.ts'

/** The options that every command has. */
export interface CommonFlags extends ConnectionFlags {
  json?: boolean
  debug?: boolean
}

/** What a command works with. */
export interface Session {
  tasks: TaskClient
  output: Output
}

/** Gives a command the options that every command has. */
export function addCommon(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--url <url>',
        'postgres://user@host:port/database; without it DATABASE_URL, or PGHOST, PGUSER and the like',
      ).helpGroup('Connection:'),
    )
    .addOption(
      new Option('--schema <name>', 'the schema of the functions (default: public)').helpGroup(
        'Connection:',
      ),
    )
    .addOption(new Option('--json', 'print results as JSON, one value a line').helpGroup('Output:'))
    .addOption(
      new Option('--debug', 'print where in the program an error comes from').helpGroup('Output:'),
    )
    .helpOption('-h, --help', 'print this')
}

/** The common options, wherever in the command they stand. */
export function commonFlags(command: Command): CommonFlags {
  return command.optsWithGlobals()
}

/** Connects, does the work, disconnects, and sets the exit code that the work came to. */
export async function withSession(
  command: Command,
  work: (session: Session) => Promise<ExitCode>,
): Promise<void> {
  const flags = commonFlags(command)
  const client = await connect(flags)
  try {
    const tasks = new TaskClient(client, flags.schema === undefined ? {} : { schema: flags.schema })
    process.exitCode = await work({ tasks, output: new Output(flags.json === true) })
  } finally {
    // When the connection is lost there is nothing left to end.
    await client.end().catch(() => undefined)
  }
}
