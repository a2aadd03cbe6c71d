/** Iterates over all pages of a list. No page is empty. */
export async function* pagesOf<Row>(
  maxRows: number,
  /** Reads the first page, or the page after a row. */
  read: (last?: Row) => Promise<Row[]>,
): AsyncGenerator<Row[]> {
  let page: Row[] | undefined
  while (page === undefined || page.length >= maxRows) {
    page = await read(page?.at(-1))
    if (page.length === 0) return
    yield page
  }
}
