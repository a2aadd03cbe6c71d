import type { ResumeOptions } from '../../client/options.ts'
import { actions, type Action } from '../arguments/action.ts'
import { explainLines } from '../commands/explain.ts'
import { exitCode, type ExitCode } from '../exit-code.ts'
import { counted, formatNumber } from '../terminal/format.ts'
import type { Session } from '../session.ts'

/** How many of the tasks that were left alone are explained. */
const explainAtMost = 10

/** Does the action to the tasks of these events: prints the ids of those that it took, and why it left the others alone. */
export async function byIds(
  { tasks, output }: Session,
  action: Action,
  consumer: string,
  ids: readonly string[],
  options: ResumeOptions,
): Promise<ExitCode> {
  const result = await tasks[action](consumer, ids, options)
  const { updated, noop } = result
  if (output.json) await output.records([result])
  else {
    await output.lines(updated)
    output.note(
      `${counted(updated.length, 'task')} ${actions[action].done}, ${formatNumber(noop.length)} left alone`,
    )
    if (noop.length > 0) {
      const why = await tasks.explain(consumer, noop.slice(0, explainAtMost))
      output.note(...why.map((one) => `  ${one.eventId}  ${one.why}`))
      if (noop.length > explainAtMost)
        output.note(`  and ${formatNumber(noop.length - explainAtMost)} more`)
    }
  }
  return updated.length > 0 ? exitCode.done : exitCode.nothing
}

/** Says what the action would do to each of the tasks. */
export async function lookAtIds(
  { tasks, output }: Session,
  action: Action,
  consumer: string,
  ids: readonly string[],
): Promise<ExitCode> {
  const explanations = await tasks.explain(consumer, ids)
  const taken = explanations.filter((explanation) => explanation[actions[action].can])
  if (output.json) await output.records(explanations)
  else {
    await output.lines(explainLines(explanations, output.paint))
    output.note(
      `${action} would take ${formatNumber(taken.length)} of ${counted(explanations.length, 'task')}`,
    )
  }
  return taken.length > 0 ? exitCode.done : exitCode.nothing
}
