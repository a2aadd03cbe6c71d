import type { Option } from 'commander'
import { Option as CommanderOption } from 'commander'
import { UsageError } from './errors.ts'
import { exitCode, type ExitCode } from './exit-code.ts'
import type { Session } from './session.ts'
import { canConfirm, confirm } from './terminal/confirm.ts'

/** Whether to show a preview only, and whether to ask. */
export interface Confirmation {
  dryRun?: boolean
  yes?: boolean
}

/** The options of a command that asks. */
export function confirmationOptions(): Option[] {
  return [
    new CommanderOption('-n, --dry-run', 'show a preview and change nothing'),
    new CommanderOption('-y, --yes', 'do not ask'),
  ]
}

/** @throws UsageError if the command has to ask and nobody can answer */
export function refuseWithoutTerminal({ dryRun, yes }: Confirmation): void {
  if (!dryRun && !yes && !canConfirm())
    throw new UsageError('there is no terminal to ask on: pass --yes to act without a question, or --dry-run for a preview')
}

/** Asks. Returns the exit code of a no. The connection may have ended meanwhile: a yes makes a new one. */
export async function asked({ db, output }: Session, question: string): Promise<ExitCode | undefined> {
  const answer = await confirm(question)
  if (answer !== true) output.note('nothing was done')
  if (answer === undefined) return exitCode.interrupted
  if (!answer) return exitCode.failed
  await db.revive()
  return undefined
}

/** Where a command acts: `database orders on db.example.com, as support`. */
export async function placeOf({ db }: Session): Promise<string> {
  const { rows } = await db.client.query<{ name: string; role: string }>(
    'select current_database() as name, session_user as role',
  )
  const { name = '', role = '' } = rows[0] ?? {}
  const { schema } = db.target
  return `database ${name} on ${db.client.host}, as ${role}${schema === 'public' ? '' : `, schema ${schema}`}`
}
