import type { CancelOptions, ResumeOptions } from '../../../client/options.ts'
import type { TaskAction } from '../../../client/types.ts'
import { exitCode, type ExitCode } from '../../exit-code.ts'
import { explain } from '../../explain.ts'
import type { Session } from '../../session.ts'
import { actionsFor, explanationLines } from '../../terminal/explanation-lines.ts'
import { counted, formatNumber } from '../../terminal/format.ts'
import { clean } from '../../terminal/line.ts'
import { transitions } from './transitions.ts'

/** The number of no-ops that are explained. */
const explainAtMost = 10

/** Moves the tasks of these events. Prints the ids of the moved tasks, and the reasons for the others. */
export async function moveByIds(
  { db, output }: Session,
  action: TaskAction,
  consumer: string,
  ids: readonly string[],
  options: CancelOptions & ResumeOptions,
): Promise<ExitCode> {
  const result = await db.tasks[action](consumer, ids, options)
  const { updated, noop } = result
  if (output.isData) await output.records([result])
  else {
    await output.ids(updated)
    output.note(`${counted(updated.length, 'task')} ${transitions[action].done}, ${formatNumber(noop.length)} left alone`)
    if (noop.length > 0) {
      const explanations = await explain(db, consumer, noop.slice(0, explainAtMost), options.running)
      output.note(...explanations.map(({ eventId, why }) => `  ${clean(eventId)}  ${clean(why)}`))
      if (noop.length > explainAtMost) output.note(`  and ${formatNumber(noop.length - explainAtMost)} more`)
    }
  }
  return updated.length > 0 ? exitCode.done : exitCode.nothing
}

/** Explains what the transition would do to the tasks of these events. */
export async function previewByIds(
  { db, output }: Session,
  action: TaskAction,
  consumer: string,
  ids: readonly string[],
  running: boolean | undefined,
): Promise<ExitCode> {
  const explanations = await explain(db, consumer, ids, running)
  const taken = explanations.filter((explanation) => actionsFor(explanation).includes(action))
  if (output.isData) await output.records(explanations)
  else {
    await output.lines(explanationLines(explanations, output.isOnTerminal))
    output.note(`${action} would take ${formatNumber(taken.length)} of ${counted(explanations.length, 'task')}`)
  }
  return taken.length > 0 ? exitCode.done : exitCode.nothing
}
