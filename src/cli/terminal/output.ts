import { painterFor, type Paint } from './colour.ts'
import { Table, type Column } from './table.ts'

/** The number of lines a write. A long result does not fit into one string. */
const chunk = 1000

/** The output of a command: results go to standard output, notes for the user to standard error. */
export class Output {
  /** Whether results are printed as JSON, one value a line. */
  readonly json: boolean
  #isRead = true

  constructor(json: boolean) {
    this.json = json
  }

  /** Whether somebody still reads the results: `| head` stops early, which is not an error. */
  get isRead(): boolean {
    return this.#isRead
  }

  /** Whether standard error is a terminal. */
  get isWatched(): boolean {
    return process.stderr.isTTY
  }

  /** The width of the terminal for notes. */
  get noteWidth(): number {
    return widthOf(process.stderr)
  }

  /** The colours for results. */
  get paint(): Paint {
    return painterFor(process.stdout)
  }

  /** Writes lines of the result, no faster than they are read. */
  async lines(lines: readonly string[]): Promise<void> {
    for (let at = 0; at < lines.length && this.#isRead; at += chunk)
      await this.#write(`${lines.slice(at, at + chunk).join('\n')}\n`)
  }

  /** Writes values of the result as JSON, one a line. */
  async records(values: readonly object[]): Promise<void> {
    await this.lines(values.map((value) => JSON.stringify(value)))
  }

  /** A table for results. */
  table<Row>(columns: readonly Column<Row>[]): Table<Row> {
    return new Table(columns, widthOf(process.stdout), this.paint)
  }

  /** A table for notes. */
  noteTable<Row>(columns: readonly Column<Row>[]): Table<Row> {
    return new Table(columns, this.noteWidth, painterFor(process.stderr))
  }

  /** Writes lines that are not part of the result. */
  note(...lines: string[]): void {
    this.draw(`${lines.join('\n')}\n`)
  }

  /** Writes raw text to standard error, for a line that is redrawn. */
  draw(text: string): void {
    process.stderr.write(text)
  }

  #write(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      process.stdout.write(text, (error: NodeJS.ErrnoException | null | undefined) => {
        if (error?.code === 'EPIPE') this.#isRead = false
        else if (error) {
          reject(error)
          return
        }
        resolve()
      })
    })
  }
}

function widthOf(stream: NodeJS.WriteStream): number {
  // A terminal of unknown size reports 0.
  return stream.isTTY && stream.columns > 0 ? stream.columns : Infinity
}
