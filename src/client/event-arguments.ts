import { argumentsOf, jsonArgument, refusal, textArgument, textsArgument, type Argument, type Parts } from './arguments.ts'
import { InvalidArgumentError } from './errors.ts'
import { checkText } from './json.ts'
import type { NewEvent } from './types.ts'

const parts: Parts<NewEvent> = {
  subject: ['subject', textArgument],
  body: ['body', bytesArgument],
  metadata: ['metadata', jsonArgument],
}

function eventArguments(event: NewEvent, name: string): Record<string, Argument> {
  const args = argumentsOf(name, event, parts)
  for (const part of ['subject', 'body'] as const)
    if (args[part] === undefined) throw new InvalidArgumentError(`${name} has no ${part}`)
  return args
}

/** The arguments that publish one event or many. */
export function eventsArguments(events: NewEvent | readonly NewEvent[]): Record<string, Argument> {
  // Not map, which passes over holes.
  const all = Array.isArray(events)
    ? Array.from(events as readonly NewEvent[], (event, index) => eventArguments(event, `events[${index}]`))
    : [eventArguments(events as NewEvent, 'event')]
  const list = (type: string, part: keyof NewEvent, otherwise: string): Argument => {
    const texts = all.map(({ [part]: argument }) => argument?.text ?? otherwise)
    return { type, text: textsArgument('events', texts)?.text ?? '' }
  }
  return {
    subjects: list('pg_catalog.text[]', 'subject', ''),
    bodies: list('pg_catalog.bytea[]', 'body', ''),
    metadatas: list('pg_catalog.jsonb[]', 'metadata', '{}'),
  }
}

/** Bytes, or a text in UTF-8. */
function bytesArgument(name: string, value: unknown): Argument {
  if (value === undefined) return undefined
  if (typeof value === 'string') return hex(Buffer.from(checkText(value, name)))
  // Not instanceof: tests run where Uint8Array is another one than that of the value.
  if (!ArrayBuffer.isView(value) || Object.prototype.toString.call(value) !== '[object Uint8Array]')
    throw refusal(name, value, 'a Buffer, a Uint8Array or a text')
  return hex(Buffer.from(value.buffer, value.byteOffset, value.byteLength))
}

function hex(bytes: Buffer): Argument {
  return { type: 'pg_catalog.bytea', text: `\\x${bytes.toString('hex')}` }
}
