import { once } from 'node:events'
import { painterFor, type Paint } from './colour.ts'
import { Table, type Column } from './table.ts'

/** Where a command writes: results to standard output, what is only for the person before it to standard error. */
export class Output {
  /** Whether results are to be JSON, one value a line. */
  readonly json: boolean
  readonly #stdout: NodeJS.WriteStream
  readonly #stderr: NodeJS.WriteStream

  constructor(json: boolean, stdout = process.stdout, stderr = process.stderr) {
    this.json = json
    this.#stdout = stdout
    this.#stderr = stderr
  }

  /** Whether somebody sees what goes to standard error. */
  get isWatched(): boolean {
    return this.#stderr.isTTY
  }

  /** The width of the terminal that notes go to. */
  get noteWidth(): number {
    return widthOf(this.#stderr)
  }

  /** Colours for the results. */
  get paint(): Paint {
    return painterFor(this.#stdout)
  }

  /** Writes lines of the result, as fast as they are read. */
  async lines(...lines: string[]): Promise<void> {
    if (lines.length === 0) return
    if (!this.#stdout.write(`${lines.join('\n')}\n`)) await once(this.#stdout, 'drain')
  }

  /** Writes values of the result as JSON. */
  async records(...values: readonly object[]): Promise<void> {
    await this.lines(...values.map((value) => JSON.stringify(value)))
  }

  /** A table for the result. */
  table<Row>(columns: readonly Column<Row>[]): Table<Row> {
    return new Table(columns, widthOf(this.#stdout), this.paint)
  }

  /** A table for a note. */
  noteTable<Row>(columns: readonly Column<Row>[]): Table<Row> {
    return new Table(columns, this.noteWidth, painterFor(this.#stderr))
  }

  /** Tells the person something that is no result. */
  note(...lines: string[]): void {
    this.#stderr.write(`${lines.join('\n')}\n`)
  }

  /** Writes to where notes go, as it is: for what redraws itself. */
  draw(text: string): void {
    this.#stderr.write(text)
  }
}

function widthOf(stream: NodeJS.WriteStream): number {
  // A terminal that does not know its size says 0.
  return stream.isTTY && stream.columns > 0 ? stream.columns : Infinity
}
