import { exitCode } from '../exit-code.ts'

/** Turns the first Ctrl-C into an abort signal. The second one ends the process at once. */
export class Interrupt {
  readonly #controller = new AbortController()
  readonly #onFirst: () => void

  /** @param onFirst - called at the first Ctrl-C */
  constructor(onFirst: () => void) {
    this.#onFirst = onFirst
    process.on('SIGINT', this.#hear)
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Restores the normal effect of Ctrl-C. */
  end(): void {
    process.off('SIGINT', this.#hear)
  }

  readonly #hear = () => {
    if (this.signal.aborted) process.exit(exitCode.interrupted)
    this.#controller.abort()
    this.#onFirst()
  }
}
