import type { Explanation } from '../types.ts'
import { clean } from './clean.ts'
import type { Paint } from './colour.ts'
import { formatTime } from './time.ts'

/** Explanations for people: the id, why, and what can be done. */
export function explainLines(explanations: readonly Explanation[], paint: Paint): string[] {
  return explanations.flatMap(({ eventId, state, why, nextRunAt, ...can }) => [
    `${clean(eventId)}  ${state === null ? 'no task' : paint(state, state)}`,
    `  ${clean(why)}`,
    ...(nextRunAt === null ? [] : [`  may run at ${formatTime(nextRunAt)}`]),
    ...possible(can),
  ])
}

function possible(can: { canCancel: boolean; canResume: boolean; canDiscard: boolean }): string[] {
  const actions = [
    ...(can.canCancel ? ['cancel'] : []),
    ...(can.canResume ? ['resume'] : []),
    ...(can.canDiscard ? ['discard'] : []),
  ]
  return actions.length === 0 ? [] : [`  ${actions.join(' or ')} would take it`]
}
