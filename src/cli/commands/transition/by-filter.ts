import type { Command } from 'commander'
import type { ResumeAllOptions } from '../../../client/options.ts'
import type { TaskAction, TaskFilter } from '../../../client/types.ts'
import { retypedCommand } from '../../arguments/retyped-command.ts'
import { UsageError } from '../../errors.ts'
import { exitCode, type ExitCode } from '../../exit-code.ts'
import type { Session } from '../../session.ts'
import { canConfirm, confirm } from '../../terminal/confirm.ts'
import { counted, formatNumber } from '../../terminal/format.ts'
import { Interrupt } from '../../terminal/interrupt.ts'
import { ProgressBar } from '../../terminal/progress-bar.ts'
import { previewLines, previewOf, type Preview } from './preview.ts'
import { transitions } from './transitions.ts'

/** The result of a transition by filter, for `--json`. */
export interface BulkResult {
  action: TaskAction
  consumer: string
  /** The number of tasks that it moved. */
  updated: number
  /** Whether it finished; false after Ctrl-C or an error. */
  complete: boolean
}

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
  const { action, consumer, filter, options } = request
  const states = filter.states ?? transitions[action].takes
  const look = () => previewOf(tasks, action, consumer, { ...filter, states }, options.maxTasks)
  if (request.dryRun) {
    const preview = await look()
    if (output.json) await output.records([preview])
    else await output.lines(previewLines(preview, (columns) => output.table(columns)))
    return preview.tasks > 0 ? exitCode.done : exitCode.nothing
  }
  let total: number | undefined
  if (!request.yes) {
    const preview = await look()
    output.note(...previewLines(preview, (columns) => output.noteTable(columns)))
    if (preview.tasks === 0) return exitCode.nothing
    const answer = await confirm(question(preview))
    if (answer !== true) output.note('nothing was done')
    if (answer === undefined) return exitCode.interrupted
    if (!answer) return exitCode.failed
    total = preview.tasks
  } else if (output.isWatched && action !== 'discard') {
    // For the bar. Stuck tasks can't be counted.
    total = Math.min(
      await tasks.count(consumer, { ...filter, states }),
      options.maxTasks ?? Infinity,
    )
  }
  return moveAll(session, request, total)
}

function question({ action, consumer, tasks }: Preview): string {
  const verb = action.charAt(0).toUpperCase() + action.slice(1)
  return `${verb} ${counted(tasks, 'task')} of ${consumer}?`
}

async function moveAll(
  { tasks, output }: Session,
  { action, consumer, filter, options, command }: BulkRequest,
  total: number | undefined,
): Promise<ExitCode> {
  const { done } = transitions[action]
  const bar = new ProgressBar(output, done, total)
  const interrupt = new Interrupt(() => {
    bar.end()
    output.note('stopping after this batch; Ctrl-C again stops at once')
  })
  let updated = 0
  let failure: Error | undefined
  try {
    await tasks[`${action}All`](consumer, filter, {
      ...options,
      signal: interrupt.signal,
      onProgress: (moved) => {
        updated = moved
        bar.update(moved)
      },
    })
  } catch (error) {
    failure = error instanceof Error ? error : new Error(String(error))
  } finally {
    interrupt.end()
    bar.end()
  }
  const interrupted = failure?.name === 'AbortError'
  if (failure && !interrupted && updated === 0) throw failure

  const result: BulkResult = { action, consumer, updated, complete: !failure }
  if (output.json) await output.records([result])
  else if (!failure) await output.lines([`${counted(updated, 'task')} ${done}`])
  if (failure) {
    const left = options.maxTasks === undefined ? {} : { limit: options.maxTasks - updated }
    output.note(
      `stopped: ${counted(updated, 'task')} ${done}${total === undefined ? '' : ` of ${formatNumber(total)}`}. To continue:`,
      `  ${retypedCommand(command, left)}`,
    )
  } else if (updated > 0 && output.isWatched)
    output.note(`kanthorq-tasks log ${consumer} shows it, kanthorq-tasks undo takes it back`)

  if (interrupted) return exitCode.interrupted
  if (failure) throw failure
  return updated > 0 ? exitCode.done : exitCode.nothing
}
