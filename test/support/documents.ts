import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectFolder } from './run-program.ts'

/** A code block of a document. */
export interface Block {
  language: string
  text: string
  /** The block that shows what this one prints. */
  output: string | undefined
  /** The line of text above it. */
  above: string
}

/** The documents of the project, as paths from its folder. */
export function documents(): string[] {
  const docs = readdirSync(join(projectFolder, 'docs'), { recursive: true, encoding: 'utf8' })
  return ['README.md', 'CONTRIBUTING.md', ...docs.sort().map((file) => `docs/${file}`)].filter(
    (file) => file.endsWith('.md'),
  )
}

export function readDocument(file: string): string {
  return readFileSync(join(projectFolder, file), 'utf8')
}

/** The blocks of a document that name a language. */
export function codeBlocks(markdown: string): Block[] {
  const fences = [...markdown.matchAll(/^```(\w*)\n(.*?)^```\n(\n```\n(.*?)^```\n)?/gms)]
  return fences
    .filter(([, language]) => language !== '')
    .map(({ index, 1: language = '', 2: text = '', 4: output }) => ({
      language,
      text,
      output,
      above: markdown.slice(0, index).trimEnd().split('\n').at(-1) ?? '',
    }))
}
