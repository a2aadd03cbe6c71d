import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { format, resolveConfig } from 'prettier'

/** Divides a page into text that people write, and text that `npm run generate` writes. */
const marker = '<!-- From here on it is generated: npm run generate writes it, and CI compares. -->'

/** A page of docs/reference. */
export interface Page {
  file: string
  text: string
}

/**
 * The page as it must be: the text that people write, and the reference below it.
 *
 * @param name - of the file in docs/reference, without `.md`
 * @throws Error when the page has no marker
 */
export async function makePage(name: string, reference: readonly string[]): Promise<Page> {
  const file = fileURLToPath(new URL(`../../docs/reference/${name}.md`, import.meta.url))
  const [prose, rest] = readFileSync(file, 'utf8').split(marker)
  if (prose === undefined || rest === undefined) throw new Error(`docs/reference/${name}.md must have the line ${marker}`)
  const text = [prose + marker, ...reference].join('\n\n')
  return {
    file,
    text: await format(text, { ...(await resolveConfig(file)), parser: 'markdown' }),
  }
}
