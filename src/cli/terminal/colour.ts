import { styleText } from 'node:util'

/** The colours of states, of the doctor's severities, and of table headings. */
const colours = {
  discarded: 'red',
  cancelled: 'yellow',
  pending: 'magenta',
  available: 'cyan',
  running: 'blue',
  completed: 'green',
  retryable: 'yellow',
  stuck: 'red',
  error: 'red',
  warning: 'yellow',
  info: 'cyan',
  head: 'bold',
} as const

export type Coloured = keyof typeof colours

/** Colours a text, or returns it unchanged. */
export type Paint = (as: Coloured, text: string) => string

/** Whether the terminal of a stream understands escape codes. */
export function hasEscapeCodes(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY && process.env['TERM'] !== 'dumb'
}

/** The painter for a stream. It colours only on a terminal with colours, and not under NO_COLOR. */
export function painterFor(stream: NodeJS.WriteStream): Paint {
  // hasColors() reads NO_COLOR and TERM, but FORCE_COLOR wins over both.
  if (!(hasEscapeCodes(stream) && stream.hasColors())) return (_, text) => text
  // A state unknown to KanthorQ is shown as its number, without a colour.
  return (as, text) => (as in colours ? styleText(colours[as], text, { validateStream: false }) : text)
}
