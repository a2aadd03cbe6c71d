import { InvalidArgumentError } from 'commander'
import type { TaskState } from '../../client/types.ts'

// Readers of what people write behind an option. Each says what it takes when it is given something else.

/** A time that somebody wrote as `90s`, `2h` or `7d`. */
export interface Duration {
  milliseconds: number
  /** As it was written. */
  text: string
}

const units: Record<string, number> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

/** Reads `500ms`, `90s`, `15m`, `2h`, `7d` or `1w`. */
export function duration(text: string): Duration {
  const [, number, unit] = /^(\d+(?:\.\d+)?) ?(ms|[smhdw])$/.exec(text) ?? []
  if (number === undefined || unit === undefined)
    throw new InvalidArgumentError('Write a time such as 500ms, 90s, 15m, 2h, 7d or 1w.')
  return { milliseconds: Math.round(Number(number) * (units[unit] ?? 0)), text }
}

/** Reads a point in time: a date, a date and a time, or a duration before now. */
export function past(text: string): Date {
  return pointInTime(text, -1)
}

/** Reads a point in time: a date, a date and a time, or a duration from now on. */
export function future(text: string): Date {
  return pointInTime(text, 1)
}

function pointInTime(text: string, direction: 1 | -1): Date {
  if (/^\d+(\.\d+)? ?[a-z]+$/.test(text))
    return new Date(Date.now() + direction * duration(text).milliseconds)
  const [, day = '', clock = '00:00', zone = ''] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?))?(Z|[+-]\d\d(?::?\d\d)?)?$/i.exec(
      text,
    ) ?? []
  // Without a zone it is local time, a date alone too, which JavaScript would take for UTC.
  const offset = zone.replace(/^([+-]\d\d):?(\d\d)?$/, (_, hours: string, minutes = '00') => {
    return `${hours}:${String(minutes)}`
  })
  const time = new Date(`${day}T${clock}${offset.toUpperCase()}`)
  if (!isDay(day) || Number.isNaN(time.getTime()))
    throw new InvalidArgumentError(
      `Write 2026-01-31, 2026-01-31T03:00, 2026-01-31T03:00Z, or how long ${direction < 0 ? 'ago' : 'from now'}: 90s, 15m, 2h, 7d.`,
    )
  return time
}

/** JavaScript takes the 31st of February for the 3rd of March. */
function isDay(day: string): boolean {
  const time = new Date(`${day}T00:00Z`)
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(day)
}

/** Reads a whole number that is at least 1. */
export function count(text: string): number {
  const number = Number(text)
  if (!/^\d+$/.test(text) || number < 1 || !Number.isSafeInteger(number))
    throw new InvalidArgumentError('Write a whole number, at least 1.')
  return number
}

/** Reads a text that may not be empty. */
export function words(text: string): string {
  if (text === '') throw new InvalidArgumentError('It is empty: leave the option out instead.')
  return text
}

/** The states, in the order in which a task comes by them. */
export const states = [
  'pending',
  'available',
  'running',
  'retryable',
  'completed',
  'discarded',
  'cancelled',
] as const satisfies readonly TaskState[]

/** Reads some of these states, with commas between them; an option that is given again adds to them. */
export function someOf(states: readonly TaskState[]) {
  return (text: string, before: readonly TaskState[] = []): TaskState[] => {
    const named = text.split(',').map((name) => {
      const state = states.find((known) => known === name.trim())
      if (state === undefined)
        throw new InvalidArgumentError(`${JSON.stringify(name)} is none of ${states.join(', ')}.`)
      return state
    })
    return [...new Set([...before, ...named])]
  }
}

/** Reads metadata: a JSON object, or `key=value`; an option that is given again adds to it. */
export function metadata(
  text: string,
  before: Record<string, unknown> = {},
): Record<string, unknown> {
  const [, key, value] = /^([^={]+)=(.*)$/s.exec(text) ?? []
  if (key !== undefined) return { ...before, [key]: value }
  try {
    const object: unknown = JSON.parse(text)
    if (typeof object === 'object' && object !== null && !Array.isArray(object))
      return { ...before, ...object }
  } catch {
    // Told below.
  }
  throw new InvalidArgumentError('Write customer=42, or a JSON object such as {"customer": "42"}.')
}
