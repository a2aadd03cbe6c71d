import stringWidth from 'fast-string-width'
import type { Coloured } from './colour.ts'
import { cutOff } from './format.ts'
import { clean, type Cell } from './line.ts'

/** A column of a table. */
export interface Column<Row> {
  title: string
  text: (row: Row) => string
  align?: 'right'
  colour?: (row: Row) => Coloured | undefined
  /** The width to which the column may shrink in a table that is too wide. */
  shrinkTo?: number
  /** Marks a column that a table that is too wide may omit. The highest number goes first. */
  leaveOut?: number
  /** Marks a column that is different a moment later. Only terminals get it, not files, and only if it has texts. */
  isFleeting?: boolean
}

/** A column and its width. */
interface Fitted<Row> extends Column<Row> {
  width: number
}

const gap = '  '

/**
 * Lays out rows as a table, which shrinks and omits columns to fit a width. The first rows decide the layout; later rows
 * keep it.
 */
export class Table<Row> {
  readonly #columns: readonly Column<Row>[]
  readonly #width: number
  #fitted: Fitted<Row>[] | undefined

  /** @param width - the width of the terminal, or Infinity without one */
  constructor(columns: readonly Column<Row>[], width: number) {
    this.#columns = columns.filter(({ isFleeting }) => !isFleeting || width !== Infinity)
    this.#width = width
  }

  /** The lines of these rows, with headings the first time. */
  lines(rows: readonly Row[]): Cell[][] {
    const isFirst = this.#fitted === undefined
    const columns = (this.#fitted ??= fit(this.#columns, rows, this.#width))
    const body = rows.map((row) => this.#line(columns, (column) => [clean(column.text(row)), column.colour?.(row)]))
    return isFirst ? [this.#line(columns, ({ title }) => [title, 'head']), ...body] : body
  }

  #line(
    columns: readonly Fitted<Row>[],
    cellOf: (column: Fitted<Row>) => [text: string, colour: Coloured | undefined],
  ): Cell[] {
    const line = columns.flatMap((column, index): Cell[] => {
      const [text, colour] = cellOf(column)
      // Without a terminal nothing is cut. A column that may not shrink, such as an id, is never cut.
      const cut = this.#width === Infinity || column.shrinkTo === undefined ? text : cutOff(text, column.width)
      const blanks = { text: ' '.repeat(Math.max(column.width - stringWidth(cut), 0)) }
      const cells = column.align === 'right' ? [blanks, { text: cut, colour }] : [{ text: cut, colour }, blanks]
      return index === 0 ? cells : [{ text: gap }, ...cells]
    })
    while (line.at(-1)?.text.trim() === '') line.pop()
    return line
  }
}

function fit<Row>(columns: readonly Column<Row>[], rows: readonly Row[], width: number): Fitted<Row>[] {
  const hasText = ({ text }: Column<Row>) => rows.some((row) => text(row) !== '')
  const natural = columns
    .filter((column) => !column.isFleeting || hasText(column))
    .map((column) => ({
      ...column,
      width: Math.max(stringWidth(column.title), ...rows.map((row) => stringWidth(clean(column.text(row))))),
    }))
  for (let fitted = natural; ;) {
    const shrunk = shrink(fitted, width)
    if (totalOf(shrunk) <= width) return shrunk
    const last = Math.max(0, ...fitted.map(({ leaveOut = 0 }) => leaveOut))
    if (last === 0) return shrunk
    fitted = fitted.filter(({ leaveOut }) => leaveOut !== last)
  }
}

/** Shrinks the widest column that may shrink, until the table fits. */
function shrink<Row>(columns: readonly Fitted<Row>[], width: number): Fitted<Row>[] {
  const shrunk = columns.map((column) => ({ ...column }))
  for (let excess = totalOf(shrunk) - width; excess > 0; excess = totalOf(shrunk) - width) {
    const [widest] = shrunk.filter(({ shrinkTo = Infinity, width: is }) => is > shrinkTo).sort((a, b) => b.width - a.width)
    if (widest === undefined) break
    widest.width = Math.max(widest.width - excess, widest.shrinkTo ?? 0)
  }
  return shrunk
}

function totalOf(columns: readonly { width: number }[]): number {
  return columns.reduce((sum, { width }) => sum + width, 0) + gap.length * Math.max(columns.length - 1, 0)
}
