import type { Command } from 'commander'
import type { Client } from 'pg'
import { TaskClient } from '../client/task-client.ts'
import { commonFlags } from './arguments/common-options.ts'
import { connect } from './connect.ts'
import type { ExitCode } from './exit-code.ts'
import { Output } from './terminal/output.ts'

/** The connection and the output of a command. */
export interface Session {
  client: Client
  /** The schema that holds the functions. */
  schema: string
  tasks: TaskClient
  output: Output
}

/** Connects, runs the work, disconnects, and sets the exit code that the work returns. */
export async function withSession(command: Command, work: (session: Session) => Promise<ExitCode>): Promise<void> {
  const { url, schema = 'public', json = false } = commonFlags(command)
  const client = await connect(url)
  try {
    const tasks = new TaskClient(client, { schema })
    process.exitCode = await work({ client, schema, tasks, output: new Output(json) })
  } finally {
    // A lost connection can't be closed.
    await client.end().catch(() => undefined)
  }
}
