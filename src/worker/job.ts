import { TaskAborted, type AbortReason } from './task-aborted.ts'
import type { Held } from './held.ts'
import type { WorkerTask } from './types.ts'

/** A task, and the signal of its handler. */
export interface JobTask {
  task: WorkerTask
  signal: AbortSignal
}

/** A handler at work: on one task, or on those of a batch. */
export class Job {
  readonly held: readonly Held[]
  /** What else to do when the handler is no longer waited for. */
  onAbandon: (() => void) | undefined
  /** Rejected when the handler is no longer waited for. */
  readonly abandoned: Promise<never>
  #abandon: (why: TaskAborted) => void = () => undefined
  readonly #work: readonly { held: Held; controller: AbortController }[]
  readonly #grace: number
  readonly #onEnd: (isAbandoned: boolean) => void
  #isOver = false
  #timeout: NodeJS.Timeout | undefined
  #graceTimer: NodeJS.Timeout | undefined

  /**
   * @param grace - how many milliseconds an aborted handler has to end
   * @param onEnd - called once
   */
  constructor(held: readonly Held[], grace: number, onEnd: (isAbandoned: boolean) => void) {
    this.held = held
    this.#work = held.map((each) => ({ held: each, controller: new AbortController() }))
    this.#grace = grace
    this.#onEnd = onEnd
    this.abandoned = new Promise((_, reject) => (this.#abandon = reject))
    for (const each of held) {
      each.job = this
      each.state = 'running'
    }
  }

  tasks(): JobTask[] {
    return this.#work.map(({ held: { task }, controller: { signal } }) => ({ task, signal }))
  }

  limit(milliseconds: number, onTimeout: () => void): void {
    this.#timeout = setTimeout(onTimeout, milliseconds)
  }

  /** Aborts one task. The others of a batch go on. */
  abort(held: Held, why: AbortReason): void {
    if (this.#isOver) return
    held.aborted ??= why
    this.#work.find((each) => each.held === held)?.controller.abort(new TaskAborted(held.aborted))
    if (this.#work.every(({ controller }) => controller.signal.aborted)) {
      this.#graceTimer ??= setTimeout(() => {
        this.onAbandon?.()
        this.#end(true)
        this.#abandon(new TaskAborted(why))
      }, this.#grace)
    }
  }

  end(): void {
    this.#end(false)
  }

  #end(isAbandoned: boolean): void {
    if (this.#isOver) return
    this.#isOver = true
    clearTimeout(this.#timeout)
    clearTimeout(this.#graceTimer)
    this.#onEnd(isAbandoned)
  }
}
