import { formatNumber } from './format.ts'
import type { Output } from './output.ts'

/**
 * Iterates over the pages of a list. A page may be shorter than asked for; an empty one is the end.
 *
 * @param read - reads the first page, or the page after a row
 */
export async function* pagesOf<Row>(read: (last: Row | undefined) => Promise<Row[]>): AsyncGenerator<Row[]> {
  for (let page = await read(undefined); page.length > 0; page = await read(page.at(-1))) yield page
}

/**
 * Prints pages of rows, up to a limit, and says whether there are more.
 *
 * @param print - prints some rows
 * @returns the number of printed rows
 */
export async function printPages<Row extends object>(
  output: Output,
  pages: AsyncIterable<Row[]>,
  limit: number,
  print: (rows: Row[]) => Promise<void>,
): Promise<number> {
  let printed = 0
  for await (const page of pages) {
    const rows = page.slice(0, limit - printed)
    printed += rows.length
    await print(rows)
    if (!output.isRead) break
    if (rows.length < page.length) {
      output.note(`there are more than these ${formatNumber(printed)}: --all lists all of them`)
      break
    }
  }
  return printed
}
