import type { Command } from 'commander'
import { commonFlags } from './arguments/common-options.ts'
import { targetOf } from './connect.ts'
import { Database } from './database.ts'
import type { ExitCode } from './exit-code.ts'
import { Output } from './terminal/output.ts'

/** The connection and the output of a command. */
export interface Session {
  db: Database
  output: Output
}

/** Connects, runs the work, disconnects, and sets the exit code that the work returns. */
export async function withSession(command: Command, work: (session: Session) => Promise<ExitCode>): Promise<void> {
  const { url, schema } = commonFlags(command)
  const db = await Database.open(targetOf(url, schema))
  try {
    process.exitCode = await work({ db, output: outputOf(command) })
  } catch (error) {
    throw db.explained(error)
  } finally {
    await db.end()
  }
}

/** The output in the format that a command was asked for. */
export function outputOf(command: Command): Output {
  const { json, csv } = commonFlags(command)
  return new Output(json ? 'json' : csv ? 'csv' : 'text')
}
