import type { Command } from 'commander'
import type { TaskAction } from '../../../client/types.ts'
import { filterOf, metadataNotes } from '../../arguments/filter-options.ts'
import { retypedCommand } from '../../arguments/retyped-command.ts'
import { asked, placeOf } from '../../confirmation.ts'
import { consumersOf, shownConsumer } from '../../consumers.ts'
import { exitCode, type ExitCode } from '../../exit-code.ts'
import type { Session } from '../../session.ts'
import { counted } from '../../terminal/format.ts'
import { runBulkCall } from './bulk-call.ts'
import { previewLines, previewOf, previewRecord } from './preview.ts'
import { restOf, spreadLine } from './spread.ts'
import type { TransitionFlags } from './transition-command.ts'
import { transitions } from './transitions.ts'

/**
 * Shows a preview, asks, and moves the tasks, as far as the command says so.
 *
 * @param command - to print how to continue
 */
export async function moveByFilter(
  session: Session,
  command: Command,
  action: TaskAction,
  consumer: string,
  flags: TransitionFlags,
): Promise<ExitCode> {
  const { db, output } = session
  const { dryRun, yes, limit } = flags
  const filter = filterOf(flags)
  const names = await consumersOf(db, consumer)
  // With --yes only the progress bar shows the number of tasks.
  const wanted = dryRun || !yes || output.isWatched ? names : []
  const previews = []
  for (const name of wanted) previews.push(await previewOf(db, action, name, filter, limit, flags.running))
  const taken = previews.reduce((sum, { tasks }) => sum + tasks, 0)

  // Of all consumers those are shown that have tasks to move.
  const shown = names.length > 1 && taken > 0 ? previews.filter(({ tasks }) => tasks > 0) : previews
  if (dryRun && output.isData) {
    await output.records(previews.map((preview) => previewRecord(action, preview)))
    return taken > 0 ? exitCode.done : exitCode.nothing
  }
  const more = [...(taken > 0 ? spreadLine(flags, taken) : []), ...metadataNotes(flags)]
  if (dryRun) {
    const lines = shown.flatMap((preview) => previewLines(action, preview, (columns) => output.table(columns)))
    await output.lines([...lines, ...more])
    return taken > 0 ? exitCode.done : exitCode.nothing
  }
  if (!yes) {
    const lines = shown.flatMap((preview) => previewLines(action, preview, (columns) => output.noteTable(columns)))
    output.note(...(taken > 0 ? [await placeOf(session)] : []), ...lines, ...more)
    if (taken === 0) return exitCode.nothing
    const verb = action.charAt(0).toUpperCase() + action.slice(1)
    const no = await asked(session, `${verb} ${counted(taken, 'task')} of ${shownConsumer(consumer)}?`)
    if (no !== undefined) return no
  }
  const consumers = shown.length > 0 ? shown.map(({ consumer: name }) => name) : names
  return runAll(session, command, action, consumers, flags, new Map(previews.map(({ consumer: name, tasks }) => [name, tasks])))
}

/** Moves the tasks of one consumer after the other. */
async function runAll(
  session: Session,
  command: Command,
  action: TaskAction,
  consumers: readonly string[],
  flags: TransitionFlags,
  expected: ReadonlyMap<string, number>,
): Promise<ExitCode> {
  let code: ExitCode = exitCode.nothing
  for (const [index, consumer] of consumers.entries()) {
    const ended = await runBulkCall(session, {
      name: 'kanthorq_task_batch',
      args: {
        action,
        consumer,
        ...filterOf(flags),
        everything: flags.everything,
        batch_size: flags.batchSize,
        max_tasks: flags.limit,
        reason: flags.reason,
        running: flags.running,
        schedule_at: flags.scheduleAt,
        reset_attempts: flags.resetAttempts,
        spread: flags.spread && `${flags.spread.milliseconds} milliseconds`,
      },
      facts: { action, consumer },
      done: transitions[action].done,
      whose: consumers.length > 1 ? ` of ${consumer}` : '',
      skippedBecause: 'held or moved by another session',
      total: expected.get(consumer),
      pause: flags.pause?.milliseconds,
      toContinue: (standing) => [
        retypedCommand(command, restOf(flags, standing), [consumer]),
        // What had not begun is repeated as it was.
        ...consumers.slice(index + 1).map((name) => retypedCommand(command, {}, [name])),
      ],
    })
    if (ended === exitCode.interrupted) return ended
    if (ended === exitCode.done) code = ended
  }
  if (code === exitCode.nothing) session.output.note(...metadataNotes(flags))
  return code
}
