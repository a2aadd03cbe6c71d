// Due times that are spread over a duration.
import { formatNumber, formatTime } from '../../terminal/format.ts'
import type { Standing } from './batches.ts'
import type { TransitionFlags } from './transition-command.ts'

/** What a spread means: `108 a minute, from now until 2026-01-31 00:18:00+01`. */
export function spreadLine({ spread, scheduleAt }: TransitionFlags, tasks: number): string[] {
  if (spread === undefined) return []
  const start = scheduleAt ?? new Date()
  const end = new Date(start.getTime() + spread.milliseconds)
  return [`due ${rateOf(tasks, spread.milliseconds)}, from ${scheduleAt ? formatTime(start) : 'now'} until ${formatTime(end)}`]
}

/** How many tasks become due in a unit of time that makes a readable number. */
function rateOf(tasks: number, milliseconds: number): string {
  const units = [
    ['second', 1000],
    ['minute', 60_000],
    ['hour', 3_600_000],
    ['day', 86_400_000],
  ] as const
  const rates = units.map(([name, length]) => [name, (tasks / Math.max(milliseconds, 1)) * length] as const)
  const [name, rate] = rates.find(([, each]) => each >= 10) ?? ['day', rates.at(-1)?.[1] ?? 0]
  return milliseconds === 0
    ? 'at once'
    : `${rate < 10 ? rate.toFixed(1) : formatNumber(Math.round(rate))} ${name === 'hour' ? 'an' : 'a'} ${name}`
}

/** The options that go on where a call stopped: the rest of the limit, and the rest of the spread. */
export function restOf(flags: TransitionFlags, { updated, found, started }: Standing): Record<string, unknown> {
  const { limit, spread, scheduleAt } = flags
  const rest = limit === undefined ? {} : { limit: limit - updated }
  const total = Math.min(found, limit ?? Infinity)
  if (spread === undefined || updated === 0 || total === 0) return rest
  const passed = Math.round(Math.min(updated / total, 1) * spread.milliseconds)
  const milliseconds = spread.milliseconds - passed
  return {
    ...rest,
    scheduleAt: new Date((scheduleAt ?? started).getTime() + passed),
    spread: { milliseconds, text: `${milliseconds}ms` },
  }
}
