import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { format, resolveConfig } from 'prettier'

/** What divides a page: above it somebody writes, below it `npm run docs` does. */
const marker = '<!-- From here on it is generated: npm run docs writes it, and a test compares. -->'

/** A page of docs/reference. */
export interface Page {
  file: string
  text: string
}

/**
 * The page as it has to be: what is written by hand, and the reference below it.
 *
 * @param name - of the file in docs/reference, without `.md`
 * @throws Error when the page has no marker
 */
export async function makePage(name: string, reference: readonly string[]): Promise<Page> {
  const file = fileURLToPath(new URL(`../../docs/reference/${name}.md`, import.meta.url))
  const [prose, rest] = readFileSync(file, 'utf8').split(marker)
  if (prose === undefined || rest === undefined)
    throw new Error(`docs/reference/${name}.md must have the line ${marker}`)
  const text = [prose + marker, ...reference].join('\n\n')
  return {
    file,
    text: await format(text, { ...(await resolveConfig(file)), parser: 'markdown' }),
  }
}

/** A table, or nothing where it would have no rows. A column in which nothing stands is left out. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const used = head.map((_, column) => rows.some((row) => row[column] !== ''))
  const line = (cells: readonly string[]) =>
    `| ${cells.filter((_, column) => used[column]).join(' | ')} |`
  if (rows.length === 0) return []
  return [[line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')]
}

/** Code in a table or in running text. */
export function code(text: string): string {
  return text === '' ? '' : `\`${text.replaceAll('|', '\\|')}\``
}
