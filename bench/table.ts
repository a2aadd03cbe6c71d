import type { Spread } from './measure.ts'

/** A table in Markdown. By default all columns but the first hold numbers. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  align: readonly string[] = head.map((_, column) => (column === 0 ? ':--' : '--:')),
): string {
  const widths = head.map((_, n) => Math.max(...[head, ...rows].map((cells) => cells[n]?.length ?? 0)))
  const padded = (cell: string, n: number) => (align[n] === '--:' ? cell.padStart(widths[n] ?? 0) : cell.padEnd(widths[n] ?? 0))
  const line = (cells: readonly string[]) => `| ${cells.map(padded).join(' | ')} |`
  return [line(head), line(align), ...rows.map(line)].join('\n')
}

/** A number for people: three digits, or all that are before the point, with thousands set apart. */
export function number(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString('en') : value.toLocaleString('en', { maximumSignificantDigits: 3 })
}

/** The median, and the range of the middle half. */
export function middle({ median, q1, q3 }: Spread, unit = ''): string {
  return `${number(median)}${unit} (${number(q1)}–${number(q3)})`
}
