import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectFolder } from './run-program.ts'

/** The documents of the project, as paths from its folder. */
export function documents(): string[] {
  const docs = readdirSync(join(projectFolder, 'docs'), { recursive: true, encoding: 'utf8' })
  return ['README.md', 'CONTRIBUTING.md', ...docs.sort().map((file) => `docs/${file}`)].filter((file) => file.endsWith('.md'))
}

export function readDocument(file: string): string {
  return readFileSync(join(projectFolder, file), 'utf8')
}

/** The anchors of a document, as GitHub makes them of headings. */
export function anchorsOf(document: string): string[] {
  return [...readDocument(document).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  )
}
