// Due times that are spread over a duration.
import { durationOf } from '../../arguments/option-parsers.ts'
import { formatNumber, formatTime } from '../../terminal/format.ts'
import type { Standing } from './batches.ts'
import type { TransitionFlags } from './transition-command.ts'

/** What a spread means: `108 a minute, from now until 2026-01-31 00:18:00+01`. */
export function spreadLine({ spread, scheduleAt }: TransitionFlags, tasks: number): string[] {
  if (spread === undefined || spread.milliseconds === 0) return []
  const start = scheduleAt ?? new Date()
  const end = new Date(start.getTime() + spread.milliseconds)
  return [`due ${rateOf(tasks, spread.milliseconds)}, from ${scheduleAt ? formatTime(start) : 'now'} until ${formatTime(end)}`]
}

/** How many tasks become due in a unit of time, which is chosen so that the number is readable: `108 a minute`. */
function rateOf(tasks: number, milliseconds: number): string {
  const units = [
    ['a second', 1000],
    ['a minute', 60_000],
    ['an hour', 3_600_000],
    ['a day', 86_400_000],
  ] as const
  const rates = units.map(([name, length]) => ({ name, length, rate: (tasks / milliseconds) * length }))
  const fitting = rates.filter(({ length }) => length <= milliseconds)
  const { name, rate } = fitting.find((each) => each.rate >= 10) ??
    fitting.findLast((each) => each.rate >= 1) ??
    rates.find((each) => each.rate >= 1) ?? { name: 'a day', rate: rates.at(-1)?.rate ?? 0 }
  return `${rate < 10 ? String(Number(rate.toFixed(1))) : formatNumber(Math.round(rate))} ${name}`
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
    spread: durationOf(milliseconds),
  }
}
