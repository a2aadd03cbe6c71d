import { TaskAborted, type AbortReason } from './task-aborted.ts'
import type { Held } from './held.ts'

/** A handler at work: on one task, or on those of a batch. */
export class Job {
  readonly held: readonly Held[]
  /** What else to do when the handler is no longer waited for. */
  onAbandon: (() => void) | undefined
  #abandon: (why: TaskAborted) => void = () => undefined
  /** Each is made when its signal is read: many handlers read none, and making one is a good part of the time of a task. */
  readonly #controllers = new Map<Held, AbortController>()
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
    this.#grace = grace
    this.#onEnd = onEnd
    for (const each of held) {
      each.job = this
      each.state = 'running'
    }
  }

  /** What the handler makes; rejects when it is no longer waited for. */
  waitFor<Value>(handle: () => Promise<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      this.#abandon = reject
      handle().then(resolve, reject)
    })
  }

  signalOf(held: Held): AbortSignal {
    let controller = this.#controllers.get(held)
    if (controller === undefined) {
      this.#controllers.set(held, (controller = new AbortController()))
      if (held.aborted !== undefined) controller.abort(new TaskAborted(held.aborted))
    }
    return controller.signal
  }

  limit(milliseconds: number, onTimeout: () => void): void {
    this.#timeout = setTimeout(onTimeout, milliseconds)
  }

  /** Aborts one task. The others of a batch go on. */
  abort(held: Held, why: AbortReason): void {
    if (this.#isOver) return
    held.aborted ??= why
    this.#controllers.get(held)?.abort(new TaskAborted(held.aborted))
    if (this.held.every(({ aborted }) => aborted !== undefined)) {
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
