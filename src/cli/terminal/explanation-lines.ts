import type { Explanation, TaskAction } from '../../client/types.ts'
import { formatDue, formatTime } from './format.ts'
import { clean, type Line } from './line.ts'

/**
 * Explanations for people: the id and state, the reason, and the transitions that would take the task.
 *
 * @param withAges - whether to say how far away a time is
 */
export function explanationLines(explanations: readonly Explanation[], withAges: boolean): Line[] {
  return explanations.flatMap((explanation): Line[] => {
    const { eventId, state, why, nextRunAt } = explanation
    const actions = actionsFor(explanation)
    return [
      [{ text: `${clean(eventId)}  ` }, state === null ? { text: 'no task' } : { text: state, colour: state }],
      `  ${clean(why)}`,
      ...(nextRunAt === null ? [] : [`  may run at ${formatTime(nextRunAt)}${withAges ? `, ${formatDue(nextRunAt)}` : ''}`]),
      ...(actions.length === 0 ? [] : [`  ${actions.join(' or ')} would take it`]),
    ]
  })
}

/** The transitions that would take the task. */
export function actionsFor({ canCancel, canResume, canDiscard }: Explanation): TaskAction[] {
  const can = { cancel: canCancel, resume: canResume, discard: canDiscard }
  return (['cancel', 'resume', 'discard'] as const).filter((action) => can[action])
}
