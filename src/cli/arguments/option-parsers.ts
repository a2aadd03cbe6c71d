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

/** A duration as it is written, in the longest unit that makes it a whole number. */
export function durationOf(milliseconds: number): Duration {
  const [unit, length] = Object.entries(units).findLast(([, each]) => milliseconds % each === 0) ?? ['ms', 1]
  return { milliseconds, text: `${milliseconds / length}${unit}` }
}

/** Parses a duration of at most so much, which is written as in the options. */
export function durationUpTo(limit: string) {
  return (text: string): Duration => {
    const given = duration(text)
    if (!(given.milliseconds <= duration(limit).milliseconds)) throw new InvalidArgumentError(`It may be ${limit} at most.`)
    return given
  }
}

/** Parses a time: a date, a date with a time of day, a time of day that was last, or a duration before now. */
export function pastTime(text: string): Date {
  return pointInTime(text, -1)
}

/** Parses a time: a date, a date with a time of day, a time of day that comes next, or a duration from now. */
export function futureTime(text: string): Date {
  return pointInTime(text, 1)
}

function pointInTime(text: string, direction: 1 | -1): Date {
  if (/^\d+(\.\d+)? ?[a-z]+$/.test(text)) {
    const time = new Date(Date.now() + direction * duration(text).milliseconds)
    // Every four-digit year is one for JavaScript and for PostgreSQL.
    if (!(time.getUTCFullYear() >= 1 && time.getUTCFullYear() <= 9999))
      throw new InvalidArgumentError('It leads beyond the years 1 to 9999.')
    return time
  }
  if (/^([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?$/.test(text)) return timeOfDay(text, direction)
  const [, day = '', clock = '00:00', zone = ''] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?))?(Z|[+-]\d\d(?::?\d\d)?)?$/i.exec(text) ?? []
  // Without a zone it is local time. JavaScript would read a date alone as UTC.
  const offset = zone.replace(/^([+-]\d\d):?(\d\d)?$/, (_, hours: string, minutes = '00') => {
    return `${hours}:${String(minutes)}`
  })
  const time = new Date(`${day}T${clock}${offset.toUpperCase()}`)
  if (!isDay(day) || Number.isNaN(time.getTime()) || time.getUTCFullYear() < 1)
    throw new InvalidArgumentError(
      `Write 2026-01-31, 2026-01-31T03:00, 2026-01-31T03:00Z, 03:00, or a duration ${direction < 0 ? 'before' : 'from'} now: 90s, 15m, 2h, 7d.`,
    )
  return time
}

/** When it was last, or will next be, so late, in local time. */
function timeOfDay(text: string, direction: 1 | -1): Date {
  const [hours = 0, minutes = 0, seconds = 0] = text.split(':').map(Number)
  const now = new Date()
  const time = new Date(now)
  time.setHours(hours, minutes, seconds, 0)
  if (direction < 0 ? time > now : time < now) time.setDate(now.getDate() + direction)
  return time
}

/** JavaScript reads the 31st of February as the 3rd of March. */
function isDay(day: string): boolean {
  const time = new Date(`${day}T00:00Z`)
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(day)
}

/** Parses an integer of at least 1. */
export function count(text: string): number {
  return countUpTo(Number.MAX_SAFE_INTEGER)(text)
}

/** The largest `integer` of PostgreSQL. */
export const maxInteger = 2_147_483_647

/** Parses an integer from 1 to a maximum. */
export function countUpTo(max: number) {
  return (text: string): number => {
    const number = Number(text)
    if (!/^\d+$/.test(text) || number < 1) throw new InvalidArgumentError('Write a whole number, at least 1.')
    if (number > max) throw new InvalidArgumentError(`Write a whole number, at most ${max}.`)
    return number
  }
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

/** Metadata to look for, as it was typed: the server reads the numbers, which JavaScript would round. */
export interface Metadata {
  /** A JSON object. */
  json: string
  /** For each `key=value` whose value could be a number, true, false or null: the same key with that. */
  otherwise: string[]
}

/** Parses metadata: a JSON object or `key=value`. A repeated option adds to it. */
export function metadata(text: string, before?: Metadata): Metadata {
  const [, key, value = ''] = /^([^={]+)=(.*)$/s.exec(text) ?? []
  const json = key === undefined ? text : `{${JSON.stringify(key)}: ${JSON.stringify(value)}}`
  if (!isJsonObject(json)) throw new InvalidArgumentError('Write customer=42, or a JSON object such as {"customer": 42}.')
  const other = key !== undefined && isJsonScalar(value) ? [`{${JSON.stringify(key)}: ${value}}`] : []
  const parts = [before?.json ?? '{}', json].map((part) => part.trim().slice(1, -1).trim()).filter((part) => part !== '')
  if (parts.length === 0) throw new InvalidArgumentError('It is empty: omit the option instead.')
  return { json: `{${parts.join(', ')}}`, otherwise: [...(before?.otherwise ?? []), ...other] }
}

function isJsonObject(json: string): boolean {
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}

/** Whether a text is a number, true, false or null in JSON. */
function isJsonScalar(text: string): boolean {
  return /^(-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?|true|false|null)$/.test(text)
}
