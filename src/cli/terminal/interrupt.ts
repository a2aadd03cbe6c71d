import { exitCode } from '../exit-code.ts'

/** Turns the first Ctrl-C into a signal to come to an end, and the second into leaving at once. */
export class Interrupt {
  readonly #controller = new AbortController()
  readonly #onFirst: () => void

  /** @param onFirst - tells the person that the first one was heard */
  constructor(onFirst: () => void) {
    this.#onFirst = onFirst
    process.on('SIGINT', this.#hear)
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** From here on, Ctrl-C is what it was before. */
  end(): void {
    process.off('SIGINT', this.#hear)
  }

  readonly #hear = () => {
    if (this.signal.aborted) process.exit(exitCode.interrupted)
    this.#controller.abort()
    this.#onFirst()
  }
}
