import type { Command } from 'commander'
import type { ResumeAllOptions } from '../../client/options.ts'
import type { TaskFilter } from '../../client/types.ts'
import { actions, type Action } from '../arguments/action.ts'
import { ask, canAsk } from '../terminal/ask.ts'
import { commandText } from '../terminal/command-line-text.ts'
import { exitCode, type ExitCode } from '../exit-code.ts'
import { Interrupt } from '../terminal/interrupt.ts'
import { counted, formatNumber } from '../terminal/format.ts'
import { previewLines, previewOf, type Preview } from './preview.ts'
import { Progress } from '../terminal/progress.ts'
import type { Session } from '../session.ts'
import { UsageError } from '../errors.ts'

/** What an action by filter came to, for `--json`. */
export interface BulkResult {
  action: Action
  consumer: string
  /** How many tasks it moved. */
  updated: number
  /** Whether it came to its end; false after Ctrl-C or an error. */
  complete: boolean
}

/** An action by filter, as the command says it. */
export interface ByFilter {
  action: Action
  consumer: string
  filter: TaskFilter
  options: ResumeAllOptions
  /** Only look. */
  dryRun: boolean
  /** Do not ask. */
  yes: boolean
  /** Itself, to tell how to go on. */
  command: Command
}

/** @throws UsageError if it would have to ask, and there is nobody to answer; before anything is looked at */
export function refuseUnasked({ dryRun, yes }: Pick<ByFilter, 'dryRun' | 'yes'>): void {
  if (!dryRun && !yes && !canAsk())
    throw new UsageError(
      'there is no terminal to ask on: add --yes to do it without being asked, or --dry-run to see what it would do',
    )
}

/** Shows what the action would do and, unless that was all, asks and does it. */
export async function byFilter(session: Session, wanted: ByFilter): Promise<ExitCode> {
  const { tasks, output } = session
  const { action, consumer, filter, options } = wanted
  const states = filter.states ?? actions[action].takes
  const look = () => previewOf(tasks, action, consumer, { ...filter, states }, options.maxTasks)
  if (wanted.dryRun) {
    const preview = await look()
    if (output.json) await output.records([preview])
    else await output.lines(previewLines(preview, (columns) => output.table(columns)))
    return preview.tasks > 0 ? exitCode.done : exitCode.nothing
  }
  let total: number | undefined
  if (!wanted.yes) {
    const preview = await look()
    output.note(...previewLines(preview, (columns) => output.noteTable(columns)))
    if (preview.tasks === 0) return exitCode.nothing
    const answer = await ask(question(preview))
    if (answer !== true) output.note('nothing was done')
    if (answer === undefined) return exitCode.interrupted
    if (!answer) return exitCode.failed
    total = preview.tasks
  } else if (output.isWatched && action !== 'discard') {
    // For the bar. How many are stuck can't be counted.
    total = Math.min(
      await tasks.count(consumer, { ...filter, states }),
      options.maxTasks ?? Infinity,
    )
  }
  return carryOut(session, wanted, total)
}

function question({ action, consumer, tasks }: Preview): string {
  const verb = action.charAt(0).toUpperCase() + action.slice(1)
  return `${verb} ${counted(tasks, 'task')} of ${consumer}?`
}

async function carryOut(
  { tasks, output }: Session,
  { action, consumer, filter, options, command }: ByFilter,
  total: number | undefined,
): Promise<ExitCode> {
  const { done } = actions[action]
  const progress = new Progress(output, done, total)
  const interrupt = new Interrupt(() => {
    progress.end()
    output.note('stopping after this batch; Ctrl-C again leaves at once')
  })
  let updated = 0
  let failure: Error | undefined
  try {
    await tasks[`${action}All`](consumer, filter, {
      ...options,
      signal: interrupt.signal,
      onProgress: (moved) => {
        updated = moved
        progress.update(moved)
      },
    })
  } catch (error) {
    failure = error instanceof Error ? error : new Error(String(error))
  } finally {
    interrupt.end()
    progress.end()
  }
  const interrupted = failure?.name === 'AbortError'
  if (failure && !interrupted && updated === 0) throw failure

  const result: BulkResult = { action, consumer, updated, complete: !failure }
  if (output.json) await output.records([result])
  else if (!failure) await output.lines([`${counted(updated, 'task')} ${done}`])
  if (failure) {
    const left = options.maxTasks === undefined ? {} : { limit: options.maxTasks - updated }
    output.note(
      `stopped: ${counted(updated, 'task')} ${done}${total === undefined ? '' : ` of ${formatNumber(total)}`}. To go on:`,
      `  ${commandText(command, left)}`,
    )
  } else if (updated > 0 && output.isWatched)
    output.note(`kanthorq-tasks log ${consumer} shows it, kanthorq-tasks undo takes it back`)

  if (interrupted) return exitCode.interrupted
  if (failure) throw failure
  return updated > 0 ? exitCode.done : exitCode.nothing
}
