import { Command, Option } from 'commander'
import type { FinishedState, PurgeResult } from '../../client/types.ts'
import {
  countUpTo,
  count,
  durationUpTo,
  maxInteger,
  nonEmpty,
  pastTime,
  stateList,
  type Duration,
} from '../arguments/option-parsers.ts'
import { retypedCommand } from '../arguments/retyped-command.ts'
import { asked, confirmationOptions, placeOf, refuseWithoutTerminal, type Confirmation } from '../confirmation.ts'
import { exitCode, type ExitCode } from '../exit-code.ts'
import { addExamples } from '../help.ts'
import { withSession, type Session } from '../session.ts'
import { counted, formatTime } from '../terminal/format.ts'
import { clean, type Line } from '../terminal/line.ts'
import { runBulkCall } from './transition/bulk-call.ts'

interface PurgeFlags extends Confirmation {
  before: Date
  state?: FinishedState[]
  withMissed?: boolean
  archive?: string
  limit?: number
  batchSize?: number
  pause?: Duration
  reason?: string
}

/** What a purge deletes: the noun, the function that does a batch, and its arguments. */
interface Purge {
  noun: 'task' | 'event'
  /** The consumer or the stream. */
  of: string
  name: string
  args: Record<string, unknown>
}

const finished = ['completed', 'cancelled', 'discarded'] as const satisfies readonly FinishedState[]

export function purgeCommand(): Command {
  return new Command('purge')
    .summary('Delete old finished tasks and events')
    .description('Deletes old finished tasks, and events that no consumer needs.')
    .helpCommand(false)
    .addCommand(tasksCommand())
    .addCommand(eventsCommand())
}

function tasksCommand(): Command {
  const command = new Command('tasks')
    .summary('Delete old finished tasks of a consumer')
    .description(
      'Deletes the tasks of a consumer that were finished before a time: shows a preview, asks, and deletes them in batches, each ' +
        'committed. Ctrl-C stops after a batch. There is no undo. A task whose event the consumer has not read yet stays, because ' +
        'KanthorQ would make it again.',
    )
    .argument('<consumer>', 'name of the consumer')
    .addOption(
      new Option('--state <states>', 'in these states, separated by commas (default: completed)')
        .choices(finished)
        .argParser(stateList(finished)),
    )
    .action((consumer: string, flags: PurgeFlags) =>
      purge(command, flags, {
        noun: 'task',
        of: consumer,
        name: 'kanthorq_task_purge_batch',
        args: { consumer, finished_before: flags.before, states: flags.state, max_tasks: flags.limit },
      }),
    )
  return addExamples(
    addPace(command, 'tasks that were finished before this time'),
    {
      why: 'preview: the tasks that were completed more than a day ago',
      line: 'kanthorq-tasks purge tasks send_email --before 1d --dry-run',
    },
    { why: 'delete them', line: "kanthorq-tasks purge tasks send_email --before 1d --reason 'older than a day' --yes" },
  )
}

function eventsCommand(): Command {
  const command = new Command('events')
    .summary('Delete old events of a stream that no consumer needs')
    .description(
      'Deletes the events of a stream that were made before a time and that no consumer can need again: each has read the event, has ' +
        'no task of it but a completed one, and has not missed it. Shows a preview, asks, and deletes them in batches, each committed. ' +
        'Ctrl-C stops after a batch. There is no undo.',
    )
    .argument('<stream>', 'name of the stream')
    .option('--with-missed', 'also events that a consumer wants, has read and has no task of')
    .action((stream: string, flags: PurgeFlags) =>
      purge(command, flags, {
        noun: 'event',
        of: stream,
        name: 'kanthorq_event_purge_batch',
        args: { stream, before: flags.before, with_missed: flags.withMissed, max_events: flags.limit },
      }),
    )
  return addExamples(addPace(command, 'events that were made before this time'), {
    why: 'delete what no consumer needs',
    line: "kanthorq-tasks purge events order_update --before 30d --yes || echo 'nothing to delete'",
  })
}

/** Adds the options that both have. */
function addPace(command: Command, what: string): Command {
  for (const option of [
    new Option('--before <time>', `${what}: 2026-01-31, or 30d for 30 days ago`).argParser(pastTime).makeOptionMandatory(),
    new Option('--archive <table>', 'keep the rows in this table, in the schema of the functions or as schema.table').argParser(
      nonEmpty,
    ),
    new Option('--limit <n>', 'at most <n> rows').argParser(count),
    new Option('--reason <text>', 'reason to record in the log').argParser(nonEmpty),
    new Option('--batch-size <n>', 'rows a batch (default: 1000)').argParser(countUpTo(maxInteger)),
    new Option(
      '--pause <duration>',
      'wait between batches: 100ms, 2s, 0s (default: twice the duration of the last batch)',
    ).argParser(durationUpTo('1d')),
    ...confirmationOptions(),
  ])
    command.addOption(option)
  return command
}

async function purge(command: Command, flags: PurgeFlags, what: Purge): Promise<void> {
  refuseWithoutTerminal(flags)
  await withSession(command, (session) => purgeIn(session, command, flags, what))
}

async function purgeIn(session: Session, command: Command, flags: PurgeFlags, what: Purge): Promise<ExitCode> {
  const { db, output } = session
  const { noun, of, name } = what
  const args = { ...what.args, archive: flags.archive, batch_size: flags.batchSize, reason: flags.reason }
  let total: number | undefined
  if (flags.dryRun || !flags.yes || output.isWatched) {
    const preview = await db.row<{ purged: string; kept: PurgeResult['kept'] }>({
      name,
      args: { ...args, preview: true },
      columns: 'purged, kept',
    })
    total = Number(preview.purged)
    const lines: Line[] = [
      `purge would delete ${counted(total, noun)} of ${clean(of)} of before ${formatTime(flags.before)}`,
      ...Object.entries(preview.kept).map(([why, rows]) => `  ${counted(rows, noun)} would stay: ${clean(why)}`),
    ]
    if (flags.dryRun) {
      if (output.isData)
        await output.records([{ [noun === 'task' ? 'consumer' : 'stream']: of, purged: total, kept: preview.kept }])
      else await output.lines(lines)
      return total > 0 ? exitCode.done : exitCode.nothing
    }
    if (!flags.yes) {
      output.note(...(total > 0 ? [await placeOf(session)] : []), ...lines)
      if (total === 0) return exitCode.nothing
      const no = await asked(session, `Delete ${counted(total, noun)} for good?`)
      if (no !== undefined) return no
    }
  }
  return runBulkCall(session, {
    name,
    args,
    facts: { [noun === 'task' ? 'consumer' : 'stream']: of },
    done: 'deleted',
    noun,
    whose: ` of ${of}`,
    skippedBecause: 'held or moved by another session',
    total,
    pause: flags.pause?.milliseconds,
    toContinue: ({ updated }) => [retypedCommand(command, flags.limit === undefined ? {} : { limit: flags.limit - updated })],
  })
}
