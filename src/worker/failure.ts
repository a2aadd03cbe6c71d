import type { Failure } from './calls.ts'

/** An error as KanthorQ keeps it, two texts that are not empty, of whatever a handler threw. */
export function failureOf(thrown: unknown): Failure {
  const message = thrown instanceof Error ? thrown.message || thrown.name : textOf(thrown)
  const error = storable(message) || 'the handler failed'
  return { error, stack: storable(thrown instanceof Error ? (thrown.stack ?? '') : '') || error }
}

/** In ASCII, for databases whose encoding lacks a character. */
export function inAscii({ error, stack }: Failure): Failure {
  const ascii = (text: string) =>
    // eslint-disable-next-line no-control-regex -- all that is not ASCII
    text.replace(/[^\x00-\x7f]/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
  return { error: ascii(error), stack: ascii(stack) }
}

function textOf(thrown: unknown): string {
  try {
    return String(thrown)
  } catch {
    return ''
  }
}

/** Without what PostgreSQL can't store. */
function storable(text: string): string {
  return text.replace(/\0|\p{Surrogate}/gu, '\ufffd')
}
