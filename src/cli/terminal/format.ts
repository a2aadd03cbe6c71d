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

/** A span of time in one unit: `45 s`, `18 min`, `3 h`, `12 d`. */
export function formatSpan(milliseconds: number): string {
  const seconds = Math.round(Math.abs(milliseconds) / 1000)
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.round(minutes / 60)
  return hours < 48 ? `${hours} h` : `${formatNumber(Math.round(hours / 24))} d`
}

/** How long ago something was: `18 min`. */
export function formatAge(time: Date | null): string {
  return time === null ? '' : formatSpan(Date.now() - time.getTime())
}

/** When something is due: `in 5 min`, `18 min late`. */
export function formatDue(time: Date | null): string {
  if (time === null) return ''
  const distance = time.getTime() - Date.now()
  return distance > 0 ? `in ${formatSpan(distance)}` : `${formatSpan(distance)} late`
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
