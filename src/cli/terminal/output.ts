// All output of the program goes through this file, which makes it safe for a terminal.
import { hasEscapeCodes, painterFor } from './colour.ts'
import { csvHead, csvOf, jsonOf } from './data.ts'
import { printable, rendered, type Line } from './line.ts'
import { Table, type Column } from './table.ts'

/** The number of lines a write. A long result does not fit into one string. */
const chunk = 1000

/** How results are printed: for people, or for programs. */
export type Format = 'text' | 'json' | 'csv'

/** Writes lines to standard error: notes, questions and errors. */
export function note(...lines: readonly Line[]): void {
  const paint = painterFor(process.stderr)
  process.stderr.write(`${lines.map((line) => rendered(line, paint)).join('\n')}\n`)
}

/** Writes to standard error what a program of the user has written there. */
export function passOn(piece: Uint8Array): void {
  process.stderr.write(piece)
}

/** The output of a command: results go to standard output, notes for the user to standard error. */
export class Output {
  readonly format: Format
  #isRead = true
  #hasHead = false

  constructor(format: Format) {
    this.format = format
  }

  /** Whether results are printed for programs. */
  get isData(): boolean {
    return this.format !== 'text'
  }

  /** Whether somebody still reads the results: `| head` stops early, which is not an error. */
  get isRead(): boolean {
    return this.#isRead
  }

  /** Whether results go to a terminal, or are laid out for one. */
  get isOnTerminal(): boolean {
    return widthOf(process.stdout) !== Infinity
  }

  /** Whether standard error is a terminal. */
  get isWatched(): boolean {
    return process.stderr.isTTY
  }

  /** Whether a line on standard error can be drawn anew. */
  get canRedraw(): boolean {
    return hasEscapeCodes(process.stderr)
  }

  /** Whether results can be drawn over the ones before. */
  get canDraw(): boolean {
    return process.stdout.isTTY && hasEscapeCodes(process.stdout)
  }

  /** The width of the terminal for notes. */
  get noteWidth(): number {
    return widthOf(process.stderr)
  }

  /** Writes lines of the result, no faster than they are read. */
  async lines(lines: readonly Line[]): Promise<void> {
    const paint = painterFor(process.stdout)
    await this.#write(lines, (line) => rendered(line, paint))
  }

  /** Writes lines in the place of all that the terminal shows. */
  async screen(lines: readonly Line[]): Promise<void> {
    const paint = painterFor(process.stdout)
    await this.#send(`\x1b[H\x1b[J${lines.map((line) => rendered(line, paint)).join('\n')}\n`)
  }

  /** Writes ids, one a line. Programs get them exactly as they are. */
  async ids(ids: readonly string[]): Promise<void> {
    await this.#write(ids, process.stdout.isTTY ? printable : (id) => id)
  }

  /** Writes values of the result for programs: JSON, one a line, or CSV. */
  async records(values: readonly object[]): Promise<void> {
    if (this.format === 'json') {
      await this.#write(values, jsonOf)
      return
    }
    const [first] = values
    if (first === undefined) return
    const head = this.#hasHead ? [] : [csvHead(first)]
    this.#hasHead = true
    await this.#write([...head, ...values.map(csvOf)], process.stdout.isTTY ? printable : (line) => line)
  }

  /** A table for results. */
  table<Row>(columns: readonly Column<Row>[]): Table<Row> {
    return new Table(columns, widthOf(process.stdout))
  }

  /** A table for notes. */
  noteTable<Row>(columns: readonly Column<Row>[]): Table<Row> {
    return new Table(columns, this.noteWidth)
  }

  /** Writes lines that are not part of the result. */
  note(...lines: readonly Line[]): void {
    if (lines.length > 0) note(...lines)
  }

  /** Writes a line that the next one replaces. */
  redraw(text: string): void {
    process.stderr.write(`\r${printable(text)}\x1b[K`)
  }

  /** Erases that line. The next one takes its place. */
  erase(): void {
    this.redraw('')
  }

  async #write<Value>(values: readonly Value[], format: (value: Value) => string): Promise<void> {
    for (let at = 0; at < values.length && this.#isRead; at += chunk) {
      const lines = values.slice(at, at + chunk).map(format)
      await this.#send(`${lines.join('\n')}\n`)
    }
  }

  #send(text: string): Promise<void> {
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

/** The width of a terminal; Infinity without one. COLUMNS wins, also for a file or a pipe. */
function widthOf(stream: NodeJS.WriteStream): number {
  const columns = Number(process.env['COLUMNS'])
  if (Number.isSafeInteger(columns) && columns > 0) return columns
  // A terminal of unknown size reports 0.
  return stream.isTTY && stream.columns > 0 ? stream.columns : Infinity
}
