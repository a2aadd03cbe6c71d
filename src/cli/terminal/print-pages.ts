import { formatNumber } from './format.ts'
import type { Output } from './output.ts'

/** The rows of a page at most. */
const maxPage = 1000

/** The rows of the first page, where rows can be large. */
const firstPage = 50

/**
 * Iterates over the pages of a list. A page may be shorter than asked for, where its rows are large; an empty one is the end.
 *
 * @param limit - the number of rows that are wanted
 * @param areLarge - whether rows can be large: then the pages begin small
 * @param read - reads the first page, or the page after a row, of so many rows
 */
export async function* pagesOf<Row>(
  limit: number,
  areLarge: boolean,
  read: (last: Row | undefined, size: number) => Promise<Row[]>,
): AsyncGenerator<Row[]> {
  // One more than the limit, to see whether there are more.
  const most = Math.min(limit + 1, maxPage)
  let size = areLarge ? Math.min(most, firstPage) : most
  for (let page = await read(undefined, size); page.length > 0; page = await read(page.at(-1), size)) {
    yield page
    // The server makes all rows that are asked for, also those that do not fit into the result.
    size = Math.min(most, 2 * page.length)
  }
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
