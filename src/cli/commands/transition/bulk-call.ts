import type { Call } from '../../database.ts'
import { exitCode, type ExitCode } from '../../exit-code.ts'
import type { Session } from '../../session.ts'
import { counted, formatNumber } from '../../terminal/format.ts'
import { ProgressBar } from '../../terminal/progress-bar.ts'
import { runBatches, type Standing } from './batches.ts'

/** A call in batches. */
export interface BulkCall extends Pick<Call, 'name' | 'args'> {
  /** Starts each JSON result. */
  facts: Record<string, unknown>
  /** What happens to the tasks: `cancelled`. */
  done: string
  /** What is counted. Default: `task`. A purge has no undo. */
  noun?: 'task' | 'event'
  /** What follows the number of tasks in the result: ` of send_email`. */
  whose: string
  /** Why tasks are left alone. */
  skippedBecause: string
  /** The expected number of tasks, if it is known. */
  total: number | undefined
  /** Milliseconds between two batches. */
  pause: number | undefined
  /** The command lines that go on from there. */
  toContinue: (standing: Standing) => string[]
}

/** Runs a call in batches with a progress bar. Ctrl-C stops it after a batch. Prints the result and how to undo it. */
export async function runBulkCall({ db, output }: Session, call: BulkCall): Promise<ExitCode> {
  const { facts, done, noun = 'task', whose, skippedBecause, total, toContinue } = call
  const bar = new ProgressBar(output, done, total)
  const stop = new AbortController()
  const interrupt = () => {
    if (stop.signal.aborted) process.exit(exitCode.interrupted)
    stop.abort()
    bar.end()
    output.note('stopping after this batch; Ctrl-C again stops at once')
  }
  process.on('SIGINT', interrupt)
  let standing: Standing = { updated: 0, skipped: 0, bulkId: null, found: 0, started: new Date() }
  let failure: Error | undefined
  try {
    standing = await runBatches(db, call, {
      pause: call.pause,
      signal: stop.signal,
      onProgress: (now) => {
        standing = now
        bar.update(now.updated)
      },
    })
  } catch (error) {
    failure = error instanceof Error ? error : new Error(String(error))
  } finally {
    process.off('SIGINT', interrupt)
    bar.end()
  }
  const { updated, skipped, bulkId } = standing
  const interrupted = failure?.name === 'AbortError'
  if (failure && !interrupted && updated === 0) throw failure

  if (output.isData) await output.records([{ ...facts, updated, skipped, bulkId, complete: !failure }])
  else if (!failure) await output.lines([`${counted(updated, noun)}${whose} ${done}`])
  if (skipped > 0) output.note(`${counted(skipped, noun)} left alone: ${skippedBecause}`)
  if (bulkId !== null && output.isWatched && done !== 'deleted')
    output.note(`kanthorq-tasks undo --bulk ${bulkId} takes it back`)
  if (failure) {
    output.note(
      `stopped: ${counted(updated, noun)} ${done}${total === undefined ? '' : ` of ${formatNumber(total)}`}. To continue:`,
      ...toContinue(standing).map((line) => `  ${line}`),
    )
    if (interrupted) return exitCode.interrupted
    throw failure
  }
  return updated > 0 ? exitCode.done : exitCode.nothing
}
