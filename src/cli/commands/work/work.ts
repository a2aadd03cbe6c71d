import { isLasting } from '../../../worker/run.ts'
import { TaskAborted } from '../../../worker/task-aborted.ts'
import { TaskWorker } from '../../../worker/task-worker.ts'
import type { TaskHandler, WorkerMetrics, WorkerPool, WorkerTask } from '../../../worker/types.ts'
import { explainError } from '../../errors.ts'
import { clean } from '../../terminal/line.ts'
import type { Output } from '../../terminal/output.ts'
import { failure, grace, Handler } from './handler.ts'

/** What to work off, and how. */
export interface Work {
  schema: string
  consumer: string
  /** The command. */
  words: readonly string[]
  concurrency: number
  subjects: readonly string[] | undefined
  /** Milliseconds. */
  timeout: number | undefined
  /** Whether to stop when there is nothing to do. */
  drain: boolean
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Works off the tasks of a consumer with a command, until it is drained or a signal comes.
 *
 * @returns what became of the tasks, and the signal
 * @throws the error of a call or of a command that would come again
 */
export async function work(pool: WorkerPool, output: Output, what: Work): Promise<[WorkerMetrics, NodeJS.Signals | undefined]> {
  const { schema, consumer, words, concurrency, subjects, timeout, drain } = what
  let error: unknown
  let stopped: NodeJS.Signals | undefined
  let isTroubled = false
  let printed = Promise.resolve()

  const handle: TaskHandler = async (task, { signal }) => {
    // No faster than the results are read.
    await printed
    signal.throwIfAborted()
    const late = timeout === undefined ? undefined : AbortSignal.timeout(timeout)
    let failed: Error | undefined
    try {
      const handler = new Handler(words, task, output.isData ? 2 : 1)
      for (const each of [signal, late]) {
        each?.addEventListener('abort', () => {
          handler.stop()
        })
      }
      failed = await handler.ended
    } catch (problem) {
      // The command can't be started: no task is to suffer.
      fail(problem)
      throw new TaskAborted('stopping')
    }
    signal.throwIfAborted()
    if (late?.aborted) throw failure(`timeout after ${timeout ?? 0} ms`, words.join(' '))
    if (failed) throw failed
  }

  const handlers = subjects ? Object.fromEntries(subjects.map((subject) => [subject, handle])) : handle
  const worker = new TaskWorker(pool, consumer, handlers, { schema, concurrency, prefetch: 0, grace: grace + 5000 })
  const stop = (milliseconds: number) => void worker.stop({ timeout: milliseconds })
  const fail = (problem: unknown) => {
    error ??= problem
    stop(Infinity)
  }
  const tell = (result: string, tasks: readonly WorkerTask[], why: string | null = null) => {
    isTroubled = false
    if (output.isData) {
      const records = tasks.map(({ eventId, subject, attempt }) => ({ eventId, subject, attempt, result, error: why }))
      printed = printed.then(() => output.records(records)).catch(fail)
    } else if (result !== 'completed')
      output.note(...tasks.map(({ eventId }) => `${clean(eventId)} ${result}${why === null ? '' : `: ${clean(why)}`}`))
  }
  const calm = () => {
    isTroubled = false
  }
  worker
    .on('pulled', calm)
    .on('idle', calm)
    .on('completed', (tasks) => {
      tell('completed', tasks)
    })
    .on('released', (tasks) => {
      tell('released', tasks)
    })
    .on('lost', (task) => {
      tell('lost', [task])
    })
    .on('failed', (task, reason) => {
      tell('failed', [task], (reason as Error).message)
    })
    .on('error', (problem) => {
      if (isLasting(problem)) fail(problem)
      else if (!isTroubled) output.note(...explainError(problem), 'trying again until it works')
      isTroubled = true
    })
  const interrupt = (signal: NodeJS.Signals) => {
    const { running } = worker.metrics()
    if (stopped === undefined && running > 0) output.note(`stopping after ${running} running; once more gives them back`)
    stop(stopped === undefined ? Infinity : 0)
    stopped ??= signal
  }

  for (const signal of signals) process.on(signal, interrupt)
  try {
    await (drain ? worker.drain() : worker.run())
  } finally {
    for (const signal of signals) process.off(signal, interrupt)
  }
  await printed
  // eslint-disable-next-line @typescript-eslint/only-throw-error -- it is what was thrown
  if (error !== undefined) throw error
  return [worker.metrics(), stopped]
}
