import stringWidth from 'fast-string-width'
import { clean, cutOff } from './format.ts'
import type { Coloured, Paint } from './colour.ts'

/** A column of a table whose rows are of this type. */
export interface Column<Row> {
  title: string
  text: (row: Row) => string
  align?: 'right'
  colour?: (row: Row) => Coloured | undefined
  /** It may be cut off where the table is too wide, down to this width. */
  shrinkTo?: number
  /** It may be left out where the table is too wide; what has the highest number goes first. */
  leaveOut?: number
}

/** A column, and how wide it is. */
interface Fitted<Row> extends Column<Row> {
  width: number
}

const gap = '  '

/**
 * Lays out tables that fit a width, as far as cutting off and leaving out columns goes. The first rows decide; what comes
 * later in the same table keeps the layout.
 */
export class Table<Row> {
  readonly #columns: readonly Column<Row>[]
  readonly #width: number
  readonly #paint: Paint
  #fitted: Fitted<Row>[] | undefined

  /** @param width - of the terminal; Infinity where there is none */
  constructor(columns: readonly Column<Row>[], width: number, paint: Paint) {
    this.#columns = columns
    this.#width = width
    this.#paint = paint
  }

  /** The lines of these rows, the first time under a head. */
  lines(rows: readonly Row[]): string[] {
    const isFirst = this.#fitted === undefined
    const columns = (this.#fitted ??= fit(this.#columns, rows, this.#width))
    const body = rows.map((row) =>
      this.#line(columns, (column) => [clean(column.text(row)), column.colour?.(row)]),
    )
    return isFirst ? [this.#line(columns, ({ title }) => [title, 'head']), ...body] : body
  }

  #line(
    columns: readonly Fitted<Row>[],
    cellOf: (column: Fitted<Row>) => [text: string, colour: Coloured | undefined],
  ): string {
    const cells = columns.map((column) => {
      const [text, colour] = cellOf(column)
      // Without a terminal there is room for what the first rows did not need; and half an id is none.
      const cut =
        this.#width === Infinity || column.shrinkTo === undefined
          ? text
          : cutOff(text, column.width)
      const blanks = ' '.repeat(Math.max(column.width - stringWidth(cut), 0))
      // The blanks without colour, so that those at the end of the line can go.
      const cell = colour === undefined || cut === '' ? cut : this.#paint(colour, cut)
      return column.align === 'right' ? blanks + cell : cell + blanks
    })
    return cells.join(gap).trimEnd()
  }
}

function fit<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width: number,
): Fitted<Row>[] {
  const natural = columns.map((column) => ({
    ...column,
    width: Math.max(
      stringWidth(column.title),
      ...rows.map((row) => stringWidth(clean(column.text(row)))),
    ),
  }))
  for (let fitted = natural; ;) {
    const shrunk = shrink(fitted, width)
    if (totalOf(shrunk) <= width) return shrunk
    const last = Math.max(0, ...fitted.map(({ leaveOut = 0 }) => leaveOut))
    if (last === 0) return shrunk
    fitted = fitted.filter(({ leaveOut }) => leaveOut !== last)
  }
}

/** Takes from the widest column that can be cut off, and so on. */
function shrink<Row>(columns: readonly Fitted<Row>[], width: number): Fitted<Row>[] {
  const shrunk = columns.map((column) => ({ ...column }))
  for (let excess = totalOf(shrunk) - width; excess > 0; excess = totalOf(shrunk) - width) {
    const [widest] = shrunk
      .filter(({ shrinkTo = Infinity, width: is }) => is > shrinkTo)
      .sort((a, b) => b.width - a.width)
    if (widest === undefined) break
    widest.width = Math.max(widest.width - excess, widest.shrinkTo ?? 0)
  }
  return shrunk
}

function totalOf(columns: readonly { width: number }[]): number {
  return (
    columns.reduce((sum, { width }) => sum + width, 0) +
    gap.length * Math.max(columns.length - 1, 0)
  )
}
