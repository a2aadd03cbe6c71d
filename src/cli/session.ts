import { Option, type Command } from 'commander'
import type { Client } from 'pg'
import { TaskClient } from '../client/task-client.ts'
import { connect } from './connect.ts'
import type { ExitCode } from './exit-code.ts'
import { Output } from './terminal/output.ts'
import { words } from './arguments/option-values.ts'

/** The options that every command has. */
export interface CommonFlags {
  url?: string
  schema?: string
  json?: boolean
  debug?: boolean
}

/** What a command works with. */
export interface Session {
  client: Client
  /** The schema of the functions. */
  schema: string
  tasks: TaskClient
  output: Output
}

/** Gives a command the options that every command has. */
export function addCommon(command: Command): Command {
  const connection = [
    new Option(
      '--url <url>',
      'postgres://user@host:port/database; without it DATABASE_URL, or PGHOST, PGUSER and the like',
    ),
    new Option('--schema <name>', 'the schema of the functions (default: public)'),
  ]
  const output = [
    new Option('--json', 'print results as JSON, one value a line'),
    new Option('--debug', 'print where in the program an error comes from'),
  ]
  for (const option of connection)
    command.addOption(option.argParser(words).helpGroup('Connection:'))
  for (const option of output) command.addOption(option.helpGroup('Output:'))
  return command
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
  const { url, schema = 'public', json = false } = commonFlags(command)
  const client = await connect(url)
  try {
    const tasks = new TaskClient(client, { schema })
    process.exitCode = await work({ client, schema, tasks, output: new Output(json) })
  } finally {
    // When the connection is lost there is nothing left to end.
    await client.end().catch(() => undefined)
  }
}
