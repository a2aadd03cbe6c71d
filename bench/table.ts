import { markdownTable } from 'markdown-table'
import type { Spread } from './measure.ts'

/** A table as it is printed, and as it stands in the documents. By default all columns but the first hold numbers. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  align: readonly string[] = head.map((_, column) => (column === 0 ? 'l' : 'r')),
): string {
  return markdownTable([head, ...rows], { align })
}

/** A number for people: three digits, or all that are before the point, with thousands set apart. */
export function number(value: number): string {
  return value >= 1000
    ? Math.round(value).toLocaleString('en')
    : value.toLocaleString('en', { maximumSignificantDigits: 3 })
}

/** The median, and the range of the middle half. */
export function middle({ median, q1, q3 }: Spread, unit = ''): string {
  return `${number(median)}${unit} (${number(q1)}–${number(q3)})`
}
