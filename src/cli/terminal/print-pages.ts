import { formatNumber } from './format.ts'
import type { Output } from './output.ts'

/**
 * Prints pages of rows, up to a limit, and says whether there are more.
 *
 * @param lines - formats some rows for people
 * @returns the number of printed rows
 */
export async function printPages<Row extends object>(
  output: Output,
  pages: AsyncIterable<Row[]>,
  limit: number,
  lines: (rows: Row[]) => string[],
): Promise<number> {
  let printed = 0
  for await (const page of pages) {
    const rows = page.slice(0, limit - printed)
    printed += rows.length
    if (output.json) await output.records(rows)
    else await output.lines(lines(rows))
    if (!output.isRead) break
    if (rows.length < page.length) {
      output.note(`there are more than these ${formatNumber(printed)}: --all lists all of them`)
      break
    }
  }
  return printed
}
