/** Something to wait for: until it rings, or for a time. It has one waiter, and a ring that comes too early is kept for the next wait. */
export class Alarm {
  #hasRung = false
  #wake: (() => void) | undefined

  ring(): void {
    this.#hasRung = true
    this.#wake?.()
  }

  /** @param milliseconds - at most; undefined is until it rings */
  async wait(milliseconds?: number): Promise<void> {
    if (!this.#hasRung) {
      await new Promise<void>((resolve) => {
        const timer = milliseconds === undefined ? undefined : setTimeout(resolve, milliseconds)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    this.#hasRung = false
    this.#wake = undefined
  }
}
