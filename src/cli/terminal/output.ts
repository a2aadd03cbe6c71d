import { painterFor, type Paint } from './colour.ts'
import { Table, type Column } from './table.ts'

/** How many lines are written at once. All lines of a long result would be too much for one text. */
const chunk = 1000

/** Where a command writes: results to standard output, what is only for the person before it to standard error. */
export class Output {
  /** Whether results are to be JSON, one value a line. */
  readonly json: boolean
  #isRead = true

  constructor(json: boolean) {
    this.json = json
  }

  /** Whether anybody still reads the results: `| head` leaves when it has read enough, and then there is no error. */
  get isRead(): boolean {
    return this.#isRead
  }

  /** Whether somebody sees what goes to standard error. */
  get isWatched(): boolean {
    return process.stderr.isTTY
  }

  /** The width of the terminal that notes go to. */
  get noteWidth(): number {
    return widthOf(process.stderr)
  }

  /** Colours for the results. */
  get paint(): Paint {
    return painterFor(process.stdout)
  }

  /** Writes lines of the result, as fast as they are read. */
  async lines(lines: readonly string[]): Promise<void> {
    for (let at = 0; at < lines.length && this.#isRead; at += chunk)
      await this.#write(`${lines.slice(at, at + chunk).join('\n')}\n`)
  }

  /** Writes values of the result as JSON. */
  async records(values: readonly object[]): Promise<void> {
    await this.lines(values.map((value) => JSON.stringify(value)))
  }

  /** A table for the result. */
  table<Row>(columns: readonly Column<Row>[]): Table<Row> {
    return new Table(columns, widthOf(process.stdout), this.paint)
  }

  /** A table for a note. */
  noteTable<Row>(columns: readonly Column<Row>[]): Table<Row> {
    return new Table(columns, this.noteWidth, painterFor(process.stderr))
  }

  /** Tells the person something that is no result. */
  note(...lines: string[]): void {
    this.draw(`${lines.join('\n')}\n`)
  }

  /** Writes to where notes go, as it is: for what redraws itself. */
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
  // A terminal that does not know its size says 0.
  return stream.isTTY && stream.columns > 0 ? stream.columns : Infinity
}
