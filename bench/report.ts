import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { format, resolveConfig } from 'prettier'
import { readResults, type Results } from './results.ts'
import { sectionsOf } from './sections.ts'

/** The documents that show results, each section between `<!-- bench: name -->` and `<!-- bench end -->`. */
export const documents = ['docs/benchmarks.md', 'docs/scaling.md'].map((path) =>
  fileURLToPath(new URL(`../${path}`, import.meta.url)),
)

/** Puts the results of a folder into the documents. */
export async function writeReport(folder: string): Promise<void> {
  for (const document of documents) writeFileSync(document, await withResults(document, readResults(folder)))
}

/**
 * The text of a document as it is with these results.
 *
 * @throws Error when it has a section that these results do not fill
 */
export async function withResults(document: string, results: Partial<Results>): Promise<string> {
  const texts = sectionsOf(results)
  const text = readFileSync(document, 'utf8').replace(
    /(<!-- bench: ([\w-]+) -->\n).*?(<!-- bench end -->)/gs,
    (_, begin: string, name: string, end: string) => {
      const section = texts[name]
      if (section === undefined) throw new Error(`${document}: no result for the section ${name}`)
      return `${begin}\n${section}\n\n${end}`
    },
  )
  return format(text, { ...(await resolveConfig(document)), filepath: document })
}
