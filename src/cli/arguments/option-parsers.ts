import { InvalidArgumentError } from 'commander'
import type { TaskState } from '../../client/types.ts'

// Parsers of option values. The error of each says what to write.

/** A duration such as `90s`, `2h` or `7d`. */
export interface Duration {
  milliseconds: number
  /** As the user wrote it. */
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

/** Parses `500ms`, `90s`, `15m`, `2h`, `7d` or `1w`. */
export function duration(text: string): Duration {
  const [, number, unit] = /^(\d+(?:\.\d+)?) ?(ms|[smhdw])$/.exec(text) ?? []
  if (number === undefined || unit === undefined)
    throw new InvalidArgumentError('Write a duration such as 500ms, 90s, 15m, 2h, 7d or 1w.')
  return { milliseconds: Math.round(Number(number) * (units[unit] ?? 0)), text }
}

/** Parses a time: a date, a date with a time of day, or a duration before now. */
export function pastTime(text: string): Date {
  return pointInTime(text, -1)
}

/** Parses a time: a date, a date with a time of day, or a duration from now. */
export function futureTime(text: string): Date {
  return pointInTime(text, 1)
}

function pointInTime(text: string, direction: 1 | -1): Date {
  if (/^\d+(\.\d+)? ?[a-z]+$/.test(text)) return new Date(Date.now() + direction * duration(text).milliseconds)
  const [, day = '', clock = '00:00', zone = ''] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?))?(Z|[+-]\d\d(?::?\d\d)?)?$/i.exec(text) ?? []
  // Without a zone it is local time. JavaScript would read a date alone as UTC.
  const offset = zone.replace(/^([+-]\d\d):?(\d\d)?$/, (_, hours: string, minutes = '00') => {
    return `${hours}:${String(minutes)}`
  })
  const time = new Date(`${day}T${clock}${offset.toUpperCase()}`)
  if (!isDay(day) || Number.isNaN(time.getTime()))
    throw new InvalidArgumentError(
      `Write 2026-01-31, 2026-01-31T03:00, 2026-01-31T03:00Z, or a duration ${direction < 0 ? 'before' : 'from'} now: 90s, 15m, 2h, 7d.`,
    )
  return time
}

/** JavaScript reads the 31st of February as the 3rd of March. */
function isDay(day: string): boolean {
  const time = new Date(`${day}T00:00Z`)
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(day)
}

/** Parses an integer of at least 1. */
export function count(text: string): number {
  const number = Number(text)
  if (!/^\d+$/.test(text) || number < 1 || !Number.isSafeInteger(number))
    throw new InvalidArgumentError('Write a whole number, at least 1.')
  return number
}

/** Rejects an empty value. */
export function nonEmpty(text: string): string {
  if (text === '') throw new InvalidArgumentError('It is empty: omit the option instead.')
  return text
}

/** The states, in the order of a task's life. */
export const states = [
  'pending',
  'available',
  'running',
  'retryable',
  'completed',
  'discarded',
  'cancelled',
] as const satisfies readonly TaskState[]

/** Parses some of the allowed states, separated by commas. A repeated option adds to them. */
export function stateList(allowed: readonly TaskState[]) {
  return (text: string, before: readonly TaskState[] = []): TaskState[] => {
    const named = text.split(',').map((name) => {
      const state = allowed.find((known) => known === name.trim())
      if (state === undefined) throw new InvalidArgumentError(`${JSON.stringify(name)} is none of ${allowed.join(', ')}.`)
      return state
    })
    return [...new Set([...before, ...named])]
  }
}

/** Parses metadata: a JSON object or `key=value`. A repeated option adds to it. */
export function metadata(text: string, before: Record<string, unknown> = {}): Record<string, unknown> {
  const [, key, value] = /^([^={]+)=(.*)$/s.exec(text) ?? []
  if (key !== undefined) return { ...before, [key]: value }
  try {
    const object: unknown = JSON.parse(text)
    if (typeof object === 'object' && object !== null && !Array.isArray(object)) return { ...before, ...object }
  } catch {
    // Reported below.
  }
  throw new InvalidArgumentError('Write customer=42, or a JSON object such as {"customer": "42"}.')
}
