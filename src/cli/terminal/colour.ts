import { styleText } from 'node:util'

/** What has a colour: the states, the severities of the doctor, and the head of a table. */
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

/** Colours a text, or leaves it as it is. */
export type Paint = (as: Coloured, text: string) => string

/** The painter for a stream. It leaves everything as it is but for a terminal that has colours, and under NO_COLOR. */
export function painterFor(stream: NodeJS.WriteStream): Paint {
  // hasColors() knows of NO_COLOR and of terminals without colours.
  if (!(stream.isTTY && stream.hasColors())) return (_, text) => text
  // A state that KanthorQ does not have comes as its number, which has no colour.
  return (as, text) =>
    as in colours ? styleText(colours[as], text, { validateStream: false }) : text
}
