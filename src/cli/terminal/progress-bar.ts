import { cutOff, formatDuration, formatNumber } from './format.ts'
import type { Output } from './output.ts'

/** How far a long call has come. */
export interface Standing {
  /** What happens to the tasks: `cancelled`. */
  done: string
  tasks: number
  /** The expected number of tasks, if it is known. */
  total: number | undefined
  /** Milliseconds since the start. */
  elapsed: number
}

/** Milliseconds between two lines where no bar can be drawn. */
const lineInterval = 1000

/** Shows progress: a bar on a terminal with escape codes, elsewhere a line now and then. */
export class ProgressBar {
  readonly #output: Output
  readonly #done: string
  readonly #total: number | undefined
  readonly #start = performance.now()
  #lastLine = this.#start

  constructor(output: Output, done: string, total: number | undefined) {
    this.#output = output
    this.#done = done
    this.#total = total
    if (output.canRedraw) this.update(0)
  }

  update(tasks: number): void {
    const now = performance.now()
    const standing = {
      done: this.#done,
      tasks,
      total: this.#total,
      elapsed: now - this.#start,
    }
    if (this.#output.canRedraw) this.#output.redraw(progressText(standing, this.#output.noteWidth))
    else if (now - this.#lastLine >= lineInterval) {
      this.#lastLine = now
      this.#output.note(progressText(standing, Infinity))
    }
  }

  /** Erases the bar. The next line takes its place. */
  end(): void {
    if (this.#output.canRedraw) this.#output.erase()
  }
}

const barWidth = 20

/** `cancelled 50,000 of 200,000 [#####---------------] 25% 8,400/s 18s left`, shortened to the width. */
export function progressText({ done, tasks, total, elapsed }: Standing, width: number): string {
  const rate = (tasks / Math.max(elapsed, 1)) * 1000
  const sum = `${done} ${formatNumber(tasks)}`
  const pace = tasks === 0 ? [] : [`${formatNumber(Math.round(rate))}/s`]
  // The last column stays free: a terminal wraps the line when it is written.
  if (total === undefined) return cutOff([sum, ...pace].join(' '), width - 1)
  // More tasks may have come since the count.
  const share = Math.min(tasks / Math.max(total, 1), 1)
  const filled = Math.round(share * barWidth)
  const bar = `[${'#'.repeat(filled)}${'-'.repeat(barWidth - filled)}]`
  const left = `${formatDuration((Math.max(total - tasks, 0) / rate) * 1000)} left`
  const head = `${sum} of ${formatNumber(total)}`
  const tail = [`${Math.floor(share * 100)}%`, ...pace, ...(tasks === 0 ? [] : [left])]
  const whole = [head, bar, ...tail].join(' ')
  return width !== Infinity && whole.length < width ? whole : cutOff([head, ...tail].join(' '), width - 1)
}
