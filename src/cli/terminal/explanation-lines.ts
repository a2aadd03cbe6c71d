import type { Explanation, TaskAction } from '../../client/types.ts'
import type { Paint } from './colour.ts'
import { clean, formatTime } from './format.ts'

/** Explanations for people: the id and state, the reason, and the transitions that would take the task. */
export function explanationLines(explanations: readonly Explanation[], paint: Paint): string[] {
  return explanations.flatMap((explanation) => {
    const { eventId, state, why, nextRunAt } = explanation
    const actions = actionsFor(explanation)
    return [
      `${clean(eventId)}  ${state === null ? 'no task' : paint(state, state)}`,
      `  ${clean(why)}`,
      ...(nextRunAt === null ? [] : [`  may run at ${formatTime(nextRunAt)}`]),
      ...(actions.length === 0 ? [] : [`  ${actions.join(' or ')} would take it`]),
    ]
  })
}

/** The transitions that would take the task. */
export function actionsFor({ canCancel, canResume, canDiscard }: Explanation): TaskAction[] {
  const can = { cancel: canCancel, resume: canResume, discard: canDiscard }
  return (['cancel', 'resume', 'discard'] as const).filter((action) => can[action])
}
