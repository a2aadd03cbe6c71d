import { readDocument } from './documents.ts'

/** A code block of a document. */
export interface Block {
  language: string
  text: string
  /** The block that shows what this one prints. */
  output: string | undefined
  /** The paragraph above it. */
  above: string
}

/** All code blocks of a document that are in a language, in the order in which they stand there. */
export function codeBlocks(document: string): Block[] {
  const markdown = readDocument(document)
  const fences = [...markdown.matchAll(/^```(\w*)\n(.*?)^```\n(\n```\n(.*?)^```\n)?/gms)]
  return fences
    .filter(([, language]) => language !== '')
    .map(({ index, 1: language = '', 2: text = '', 4: output }) => ({
      language,
      text,
      output,
      above: markdown.slice(0, index).trimEnd().split('\n\n').at(-1) ?? '',
    }))
}

/** What a program printed, without what is new each time: times, ages, ids of new events, and the widths of columns of these. */
export function comparable(text: string): string {
  return text
    .replace(/event_(?!01m862)\w{26}/g, 'event')
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+00/g, 'time')
    .replace(/\b\d+ (s|min|h|d)\b/g, 'age')
    .replace(/ {2,}/g, ' ')
    .replace(/ +$/gm, '')
    .trimEnd()
}
