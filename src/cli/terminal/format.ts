// Formats of values for people.
import stringWidth from 'fast-string-width'
import type { TaskState } from '../../client/types.ts'

/** A number for people: `200,000`. */
export function formatNumber(number: number): string {
  return number.toLocaleString('en-US')
}

/** A number with its noun: `1 task`, `2,000 tasks`. */
export function counted(number: number, noun: string): string {
  return `${formatNumber(number)} ${noun}${number === 1 ? '' : 's'}`
}

/** Numbers of tasks by state: `1 pending, 2,000 available`. */
export function countsByState(byState: Partial<Record<TaskState, number>>): string {
  return Object.entries(byState)
    .map(([state, tasks]) => `${formatNumber(tasks)} ${state}`)
    .join(', ')
}

/** A time for people: `2026-01-31 03:00:00+01`, in local time, as in psql. The options accept it. */
export function formatTime(time: Date | null): string {
  if (time === null) return ''
  const two = (number: number) => String(Math.floor(number)).padStart(2, '0')
  const offset = -time.getTimezoneOffset()
  const minutes = Math.abs(offset) % 60
  return (
    `${String(time.getFullYear())}-${two(time.getMonth() + 1)}-${two(time.getDate())} ` +
    `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}` +
    `${offset < 0 ? '-' : '+'}${two(Math.abs(offset) / 60)}${minutes === 0 ? '' : `:${two(minutes)}`}`
  )
}

/** A duration: `8s`, `3m 20s`, `1h 5m`. */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000)
  if (seconds < 60) return `${seconds}s`
  const minutes = Math.floor(seconds / 60)
  return minutes < 60 ? `${minutes}m ${seconds % 60}s` : `${Math.floor(minutes / 60)}h ${minutes % 60}m`
}

/** Makes text from the database safe for a line of a terminal: no line breaks, no control characters. */
export function clean(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ').trim()
}

const segmenter = new Intl.Segmenter()

/** Cuts a text to a width, with an ellipsis for the rest. */
export function cutOff(text: string, width: number): string {
  if (stringWidth(text) <= width) return text
  let cut = ''
  for (const { segment } of segmenter.segment(text)) {
    if (stringWidth(cut + segment) > width - 1) break
    cut += segment
  }
  return `${cut}…`
}
