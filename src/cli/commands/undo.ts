import { Command, Option } from 'commander'
import type { Operation } from '../../client/types.ts'
import { idsOrStdin, operationIdsOf } from '../arguments/ids-or-stdin.ts'
import { durationUpTo, nonEmpty, type Duration } from '../arguments/option-parsers.ts'
import { retypedCommand } from '../arguments/retyped-command.ts'
import { asked, confirmationOptions, placeOf, refuseWithoutTerminal, type Confirmation } from '../confirmation.ts'
import type { Database } from '../database.ts'
import { NothingError, UsageError } from '../errors.ts'
import { exitCode, type ExitCode } from '../exit-code.ts'
import { addExamples } from '../help.ts'
import { withSession, type Session } from '../session.ts'
import { counted, countsByState, formatAge, formatNumber } from '../terminal/format.ts'
import { clean, type Line } from '../terminal/line.ts'
import { runBulkCall } from './transition/bulk-call.ts'

interface UndoFlags extends Confirmation {
  bulk?: string
  last?: boolean
  pause?: Duration
  reason?: string
}

/** An operation of the log, and what its undo would do. */
interface Undoing {
  id: string
  action: Operation['action']
  undoes: string | null
  consumerName: string
  at: Date
  actor: string
  applicationName: string | null
  reason: string | null
  /** The number of tasks that it moved. */
  moved: number
  batches: number
  /** Whether it is a call by filter, which is undone in batches. */
  isBulk: boolean
  /** The number of tasks that its undo would restore. */
  tasks: number
  byState: Operation['fromStates']
  bySubject: { subject: string; tasks: number }[]
  subjects: number
  changed: number
}

export function undoCommand(): Command {
  const command = new Command('undo')
    .summary('Restore the tasks of operations')
    .description(
      'Restores the tasks of operations, unless they have changed since: shows a preview, asks, and restores them. A call by ' +
        'filter is one operation, and is undone as a whole, in batches, each committed. Undoes several operations in the given ' +
        'order: name the newest first, as log does. The ids may also come from standard input.\n\n' +
        'An undo is itself an operation, and can be undone by its id.',
    )
    .argument('[operations...]', 'operation ids, as log prints them; - is standard input')
    .addOption(new Option('--last', 'undo your last operation').conflicts('bulk'))
    .option('--bulk <id>', 'undo all batches of a call by filter')
    .addOption(
      new Option(
        '--pause <duration>',
        'wait between batches: 100ms, 2s, 0s (default: twice the duration of the last batch)',
      ).argParser(durationUpTo('1d')),
    )
    .option('--reason <text>', 'reason to record in the log', nonEmpty)
  for (const option of confirmationOptions()) command.addOption(option)
  command.action(async (args: string[], flags: UndoFlags) => {
    const ids = await givenIds(args, flags)
    refuseWithoutTerminal(flags)
    await withSession(command, async (session) => undo(session, command, ids ?? [await lastOf(session)], flags))
  })
  return addExamples(
    command,
    { why: 'the operation with the id 1', line: 'kanthorq-tasks undo 1 --reason wrong --yes' },
    { why: 'preview: what would come back of your last operation', line: 'kanthorq-tasks undo --last --dry-run' },
  )
}

/** The ids on the command line or on standard input; undefined for the last operation. */
async function givenIds(args: string[], { bulk, last }: UndoFlags): Promise<string[] | undefined> {
  const option = bulk === undefined ? '--last' : '--bulk'
  if ((bulk !== undefined || last) && args.length > 0) throw new UsageError(`${option} cannot be combined with operation ids`)
  if (last) return undefined
  const missing = 'name the operations to undo, or pass --last: kanthorq-tasks log shows their ids'
  const ids = bulk === undefined ? await idsOrStdin(args, operationIdsOf, missing) : [bulk]
  for (const id of ids) {
    // The largest bigint of PostgreSQL.
    if (!/^\d{1,19}$/.test(id) || BigInt(id) > 9_223_372_036_854_775_807n)
      throw new UsageError(`${JSON.stringify(id)} is not an operation id: name a number that "kanthorq-tasks log" shows`)
  }
  return ids
}

const logColumns = `id, action, undoes, consumer_name, at, actor, application_name, left(reason, 400) as reason, tasks, batches,
  bulk_id`

type LogRow = Pick<Undoing, 'id' | 'action' | 'undoes' | 'consumerName' | 'at' | 'actor' | 'applicationName' | 'reason'> & {
  tasks: string
  batches: string
  bulkId: string | null
}

/** The id of the last operation of this login role that moved tasks, on any consumer. A hold or a purge is not undone. */
async function lastOf({ db }: Session): Promise<string> {
  const { rows } = await db.client.query<{ role: string }>('select session_user as role')
  const args = { actor: rows[0]?.role, with_event_ids: false }
  for (let before: string | undefined; ;) {
    const page = await db.rows<LogRow>({ name: 'kanthorq_task_operations', args: { ...args, before }, columns: logColumns })
    const last = page.find(({ action }) => ['cancel', 'resume', 'discard', 'undo'].includes(action))
    if (last !== undefined) return last.id
    before = page.at(-1)?.id
    if (before === undefined) throw new NothingError('the log has no operation of yours that can be undone')
  }
}

/** An operation with its preview. */
async function undoingOf(db: Database, id: string): Promise<Undoing> {
  const preview = await db.row<{
    tasks: string
    byState: Undoing['byState']
    bySubject: string
    subjects: string
    changed: string
  }>({
    name: 'kanthorq_task_undo_preview',
    args: { operation_id: id },
    columns: 'tasks, by_state, by_subject::text as by_subject, subjects, changed',
  })
  const look = (each_batch: boolean) =>
    db.rows<LogRow>({
      name: 'kanthorq_task_operations',
      args: { bulk_id: id, each_batch, with_event_ids: false, max_operations: 1 },
      columns: logColumns,
    })
  // As a whole it is not in the log if it is a batch of a bulk.
  const [whole] = await look(false)
  const row = whole ?? (await look(true)).find((batch) => batch.id === id)
  if (row === undefined) throw new Error(`operation ${id} is not in the log`)
  return {
    ...row,
    moved: Number(row.tasks),
    batches: Number(row.batches),
    isBulk: whole !== undefined && whole.bulkId !== null,
    tasks: Number(preview.tasks),
    byState: preview.byState,
    bySubject: JSON.parse(preview.bySubject) as Undoing['bySubject'],
    subjects: Number(preview.subjects),
    changed: Number(preview.changed),
  }
}

async function undo(session: Session, command: Command, ids: readonly string[], flags: UndoFlags): Promise<ExitCode> {
  const { db, output } = session
  const { dryRun, yes } = flags
  const undoings: Undoing[] = []
  for (const id of ids) undoings.push(await undoingOf(db, id))
  // Of several operations on the same task, each preview but the first knows only the present.
  const tasks = undoings.reduce((sum, undoing) => sum + undoing.tasks, 0)
  const canMove = tasks > 0 || ids.length > 1
  if (dryRun) {
    if (output.isData) await output.records(undoings)
    else await output.lines(undoings.flatMap(undoingLines))
    return tasks > 0 ? exitCode.done : exitCode.nothing
  }
  if (!yes) {
    output.note(...(canMove ? [await placeOf(session)] : []), ...undoings.flatMap(undoingLines))
    if (!canMove) return exitCode.nothing
    const question =
      ids.length === 1 ? `Put ${counted(tasks, 'task')} back?` : `Undo these ${formatNumber(ids.length)} operations?`
    const no = await asked(session, question)
    if (no !== undefined) return no
  }
  let code: ExitCode = exitCode.nothing
  for (const undoing of undoings) {
    const ended = await (undoing.isBulk ? undoBulk(session, command, undoing, flags) : undoOne(session, undoing, flags))
    if (ended === exitCode.interrupted) return ended
    if (ended === exitCode.done) code = ended
  }
  return code
}

/** An operation, and what its undo would do, for people. */
function undoingLines(undoing: Undoing): Line[] {
  const { id, action, undoes, consumerName, at, actor, applicationName, reason, moved, batches } = undoing
  const { tasks, byState, bySubject, subjects, changed } = undoing
  const what = undoes === null ? action : `undo of ${undoes}`
  const how = batches > 1 ? ` in ${formatNumber(batches)} batches` : ''
  const who = applicationName === null ? clean(actor) : `${clean(actor)} with ${clean(applicationName)}`
  const rest = subjects - bySubject.length
  return [
    `operation ${id}: ${what} of ${counted(moved, 'task')} of ${clean(consumerName)}${how}, ${formatAge(at)} ago`,
    `  by ${who}${reason === null ? '' : `: ${clean(reason)}`}`,
    tasks === 0
      ? '  undo would put no task back'
      : `  undo would put ${counted(tasks, 'task')} back: ${countsByState(byState)}`,
    ...bySubject.map((each) => `    ${formatNumber(each.tasks)} ${clean(each.subject)}`),
    ...(rest > 0 ? [`    and ${counted(rest, 'more subject')}`] : []),
    ...(changed > 0 ? [`  leaves ${formatNumber(changed)} alone: changed since`] : []),
  ]
}

/** Undoes a single call, or a batch of a bulk by itself. Prints the ids of the restored tasks. */
async function undoOne({ db, output }: Session, { id }: Undoing, { reason }: UndoFlags): Promise<ExitCode> {
  const result = await db.tasks.undo(id, { reason })
  const { updated, noop } = result
  if (output.isData) await output.records([{ operation: id, ...result }])
  else {
    await output.ids(updated)
    output.note(
      `operation ${id}: ${counted(updated.length, 'task')} put back, ${formatNumber(noop.length)} left alone` +
        (noop.length > 0 ? ' because they have changed since' : ''),
    )
  }
  return updated.length > 0 ? exitCode.done : exitCode.nothing
}

function undoBulk(session: Session, command: Command, { id, tasks }: Undoing, flags: UndoFlags): Promise<ExitCode> {
  return runBulkCall(session, {
    name: 'kanthorq_task_undo_batch',
    args: { bulk_id: id, reason: flags.reason },
    facts: { bulk: id },
    done: 'put back',
    whose: '',
    skippedBecause: 'changed since',
    total: tasks,
    pause: flags.pause?.milliseconds,
    toContinue: () => [retypedCommand(command, { last: undefined, bulk: id }, [])],
  })
}
