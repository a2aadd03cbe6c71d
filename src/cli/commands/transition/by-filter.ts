import type { Command } from 'commander'
import type { ResumeAllOptions } from '../../../client/options.ts'
import type { TaskAction, TaskFilter } from '../../../client/types.ts'
import { retypedCommand } from '../../arguments/retyped-command.ts'
import { UsageError } from '../../errors.ts'
import { exitCode, type ExitCode } from '../../exit-code.ts'
import type { Session } from '../../session.ts'
import { canConfirm, confirm } from '../../terminal/confirm.ts'
import { counted } from '../../terminal/format.ts'
import { runBulkCall } from './bulk-call.ts'
import { previewLines } from './preview-lines.ts'
import { transitions } from './transitions.ts'

/** A transition by filter, as the command line describes it. */
export interface BulkRequest {
  action: TaskAction
  consumer: string
  filter: TaskFilter
  options: ResumeAllOptions
  /** Only show a preview. */
  dryRun: boolean
  /** Do not ask. */
  yes: boolean
  /** The command, to print how to continue. */
  command: Command
}

/** @throws UsageError if the command has to ask and nobody can answer */
export function refuseWithoutTerminal({ dryRun, yes }: Pick<BulkRequest, 'dryRun' | 'yes'>): void {
  if (!dryRun && !yes && !canConfirm())
    throw new UsageError(
      'there is no terminal to ask on: pass --yes to move the tasks without a question, or --dry-run for a preview',
    )
}

/** Shows a preview, asks, and moves the tasks, as far as the request says so. */
export async function moveByFilter(session: Session, request: BulkRequest): Promise<ExitCode> {
  const { tasks, output } = session
  const { action, consumer, filter, options, dryRun, yes, command } = request
  // With --yes only the progress bar shows the number of tasks.
  const preview =
    dryRun || !yes || output.isWatched
      ? await tasks.preview(action, consumer, filter, options)
      : undefined
  if (preview && dryRun) {
    if (output.json) await output.records([{ action, consumer, ...preview }])
    else
      await output.lines(
        previewLines(action, consumer, preview, (columns) => output.table(columns)),
      )
    return preview.tasks > 0 ? exitCode.done : exitCode.nothing
  }
  if (preview && !yes) {
    output.note(...previewLines(action, consumer, preview, (columns) => output.noteTable(columns)))
    if (preview.tasks === 0) return exitCode.nothing
    const verb = action.charAt(0).toUpperCase() + action.slice(1)
    const answer = await confirm(`${verb} ${counted(preview.tasks, 'task')} of ${consumer}?`)
    if (answer !== true) output.note('nothing was done')
    if (answer === undefined) return exitCode.interrupted
    if (!answer) return exitCode.failed
  }
  return runBulkCall(output, {
    facts: { action, consumer },
    done: transitions[action].done,
    total: preview?.tasks,
    run: (more) => tasks[`${action}All`](consumer, filter, { ...options, ...more }),
    toContinue: (updated) =>
      retypedCommand(
        command,
        options.maxTasks === undefined ? {} : { limit: options.maxTasks - updated },
      ),
  })
}
