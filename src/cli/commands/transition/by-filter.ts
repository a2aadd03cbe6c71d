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

/** Whether to show a preview only, and whether to ask. */
interface Confirmation {
  dryRun?: boolean
  yes?: boolean
}

/** @throws UsageError if the command has to ask and nobody can answer */
export function refuseWithoutTerminal({ dryRun, yes }: Confirmation): void {
  if (!dryRun && !yes && !canConfirm())
    throw new UsageError(
      'there is no terminal to ask on: pass --yes to move the tasks without a question, or --dry-run for a preview',
    )
}

/**
 * Shows a preview, asks, and moves the tasks, as far as the command says so.
 *
 * @param command - to print how to continue
 */
export async function moveByFilter(
  { tasks, output }: Session,
  command: Command,
  action: TaskAction,
  consumer: string,
  filter: TaskFilter,
  options: ResumeAllOptions,
  { dryRun, yes }: Confirmation,
): Promise<ExitCode> {
  // With --yes only the progress bar shows the number of tasks.
  const preview =
    dryRun || !yes || output.isWatched
      ? await tasks.preview(action, consumer, filter, { maxTasks: options.maxTasks })
      : undefined
  if (preview && dryRun) {
    if (output.json) await output.records([{ action, consumer, ...preview }])
    else await output.lines(previewLines(action, consumer, preview, (columns) => output.table(columns)))
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
    skippedBecause: 'held or moved by another session',
    total: preview?.tasks,
    run: (more) => tasks[`${action}All`](consumer, filter, { ...options, ...more }),
    toContinue: (updated) =>
      retypedCommand(command, options.maxTasks === undefined ? {} : { limit: options.maxTasks - updated }),
  })
}
