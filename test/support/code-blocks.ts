import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectFolder } from './run-program.ts'

/** A code block of a document. */
export interface Block {
  language: string
  text: string
  /** The block that shows what this one prints. */
  output: string | undefined
}

/** All code blocks of a document that are in a language, in the order in which they stand there. */
export function codeBlocks(document: string): Block[] {
  const markdown = readFileSync(join(projectFolder, document), 'utf8')
  const fences = [...markdown.matchAll(/^```(\w*)\n(.*?)^```\n(\n```\n(.*?)^```\n)?/gms)]
  return fences
    .filter(([, language]) => language !== '')
    .map(([, language = '', text = '', , output]) => ({ language, text, output }))
}
