import type { UndoAllOptions } from '../../../client/options.ts'
import type { BulkResult } from '../../../client/types.ts'
import { exitCode, type ExitCode } from '../../exit-code.ts'
import { counted, formatNumber } from '../../terminal/format.ts'
import type { Output } from '../../terminal/output.ts'
import { ProgressBar } from '../../terminal/progress-bar.ts'

/** A call in batches. */
export interface BulkCall {
  /** Starts each JSON result. */
  facts: Record<string, unknown>
  /** What happens to the tasks: `cancelled`. */
  done: string
  /** Why tasks are left alone. */
  skippedBecause: string
  /** The expected number of tasks, if it is known. */
  total: number | undefined
  run: (options: Pick<UndoAllOptions, 'onProgress' | 'signal'>) => Promise<BulkResult>
  /** The command line that continues after so many tasks. */
  toContinue: (updated: number) => string
}

/** Runs a call in batches with a progress bar. Ctrl-C stops it after a batch. Prints the result and how to undo it. */
export async function runBulkCall(output: Output, call: BulkCall): Promise<ExitCode> {
  const { facts, done, skippedBecause, total, run, toContinue } = call
  const bar = new ProgressBar(output, done, total)
  const stop = new AbortController()
  const interrupt = () => {
    if (stop.signal.aborted) process.exit(exitCode.interrupted)
    stop.abort()
    bar.end()
    output.note('stopping after this batch; Ctrl-C again stops at once')
  }
  process.on('SIGINT', interrupt)
  let result: BulkResult = { updated: 0, skipped: 0, bulkId: null }
  let failure: Error | undefined
  try {
    result = await run({
      signal: stop.signal,
      onProgress: (updated, bulkId) => {
        result = { ...result, updated, bulkId }
        bar.update(updated)
      },
    })
  } catch (error) {
    failure = error instanceof Error ? error : new Error(String(error))
  } finally {
    process.off('SIGINT', interrupt)
    bar.end()
  }
  const { updated, skipped, bulkId } = result
  const interrupted = failure?.name === 'AbortError'
  if (failure && !interrupted && updated === 0) throw failure

  if (output.json) await output.records([{ ...facts, ...result, complete: !failure }])
  else if (!failure) await output.lines([`${counted(updated, 'task')} ${done}`])
  if (skipped > 0) output.note(`${counted(skipped, 'task')} left alone: ${skippedBecause}`)
  if (bulkId !== null && output.isWatched) output.note(`kanthorq-tasks undo --bulk ${bulkId} takes it back`)
  if (failure) {
    output.note(
      `stopped: ${counted(updated, 'task')} ${done}${total === undefined ? '' : ` of ${formatNumber(total)}`}. To continue:`,
      `  ${toContinue(updated)}`,
    )
    if (interrupted) return exitCode.interrupted
    throw failure
  }
  return updated > 0 ? exitCode.done : exitCode.nothing
}
