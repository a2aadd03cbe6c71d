import type { Coloured, Paint } from './colour.ts'

/** A part of a line. */
export interface Cell {
  text: string
  colour?: Coloured | undefined
}

/** A line of output: a text, or parts with colours. It has no control characters of its own. */
export type Line = string | readonly Cell[]

/** Control characters, and characters that end a line or change the direction or the order of text. */
const unsafe = '[\\p{Cc}\\p{Cs}\\p{Bidi_Control}\\u2028\\u2029\\u206a-\\u206f\\ufeff]'
const unsafeCharacter = new RegExp(unsafe, 'gu')
const unsafeRun = new RegExp(`${unsafe}+`, 'gu')

/** A text as one line for a terminal, each control character replaced by a blank. */
export function printable(text: string): string {
  return text.replace(unsafeCharacter, ' ')
}

/** A text from the database as a cell of a table or a part of a sentence. */
export function clean(text: string): string {
  return text.replace(unsafeRun, ' ').trim()
}

/** JSON with the same meaning, whose characters are safe for a terminal. They occur only within texts. */
export function printableJson(json: string): string {
  return json.replace(unsafeCharacter, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** A line as text for a stream. Colours go around what was made safe. */
export function rendered(line: Line, paint: Paint): string {
  if (typeof line === 'string') return printable(line)
  return line
    .map(({ text, colour }) => {
      const safe = printable(text)
      return colour === undefined || safe === '' ? safe : paint(colour, safe)
    })
    .join('')
}

/** The text of a line, without colours. */
export function textOf(line: Line): string {
  return rendered(line, (_, text) => text)
}
