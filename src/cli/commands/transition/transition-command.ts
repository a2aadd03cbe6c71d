import { Command, Option } from 'commander'
import type { ResumeAllOptions } from '../../../client/options.ts'
import type { TaskAction } from '../../../client/types.ts'
import { addFilter, filterOf, isEmpty, type FilterFlags } from '../../arguments/filter-options.ts'
import { eventIdsOf, idsOrStdin } from '../../arguments/ids-or-stdin.ts'
import { count, duration, nonEmpty, type Duration } from '../../arguments/option-parsers.ts'
import { UsageError } from '../../errors.ts'
import { addExamples } from '../../help.ts'
import { withSession } from '../../session.ts'
import { moveByFilter, refuseWithoutTerminal } from './by-filter.ts'
import { moveByIds, previewByIds } from './by-ids.ts'
import { transitions } from './transitions.ts'

interface TransitionFlags extends FilterFlags {
  everything?: boolean
  limit?: number
  batchSize?: number
  pause?: Duration
  reason?: string
  scheduleAt?: Date
  resetAttempts?: boolean
  spread?: Duration
  dryRun?: boolean
  yes?: boolean
}

/** Makes the command for a transition by ids or by filter. */
export function transitionCommand(action: TaskAction): Command {
  const { takes, summary, description, options = [], examples } = transitions[action]
  const command = new Command(action)
    .summary(summary)
    .description(
      `${description}\n\n` +
        'By ids: takes the ids from the command or, if there are none, from standard input, one a line or as JSON lines of ' +
        'find, explain or log. Prints the ids of the tasks that it moved.\n' +
        'By filter: shows a preview, asks, and moves the tasks in batches, each committed. Ctrl-C stops after a batch.',
    )
    .argument('<consumer>', 'name of the consumer')
    .argument('[ids...]', 'event ids; - is standard input')
    .action((consumer: string, ids: string[], flags: TransitionFlags) =>
      !isEmpty(filterOf(flags)) || flags.everything
        ? runByFilter(command, action, consumer, ids, flags)
        : runByIds(command, action, consumer, ids, flags),
    )
  addFilter(command, takes)
  for (const option of [
    new Option('--everything', `every task that ${action} takes`).helpGroup('Filter:'),
    new Option('--limit <n>', 'at most <n> tasks').argParser(count).helpGroup('Filter:'),
    new Option('--reason <text>', 'reason to record in the log').argParser(nonEmpty),
    ...options,
    new Option('--batch-size <n>', 'tasks a batch (default: 1000)').argParser(count).helpGroup('By filter:'),
    new Option('--pause <duration>', 'wait between batches: 100ms, 2s, 0s (default: twice the duration of the last batch)')
      .argParser(duration)
      .helpGroup('By filter:'),
  ])
    command.addOption(option)
  command.option('-n, --dry-run', 'show a preview and change nothing').option('-y, --yes', 'do not ask')
  return addExamples(command, ...examples)
}

async function runByFilter(
  command: Command,
  action: TaskAction,
  consumer: string,
  ids: string[],
  flags: TransitionFlags,
): Promise<void> {
  if (ids.length > 0) throw new UsageError('ids and a filter cannot be combined: omit one of the two')
  refuseWithoutTerminal(flags)
  await withSession(command, (session) =>
    moveByFilter(session, command, action, consumer, filterOf(flags), optionsOf(flags), flags),
  )
}

async function runByIds(
  command: Command,
  action: TaskAction,
  consumer: string,
  args: string[],
  flags: TransitionFlags,
): Promise<void> {
  refuseFilterOptions(flags)
  const missing = `name the tasks to ${action}: event ids, a filter such as --subject, or --everything`
  const ids = await idsOrStdin(args, eventIdsOf, missing)
  await withSession(command, (session) =>
    flags.dryRun ? previewByIds(session, action, consumer, ids) : moveByIds(session, action, consumer, ids, optionsOf(flags)),
  )
}

/** Rejects options that would be ignored without a filter. */
function refuseFilterOptions(flags: TransitionFlags): void {
  if (flags.metadata)
    throw new UsageError('an empty --metadata matches every task: name a key and value, or pass --everything for all tasks')
  const { limit, batchSize, pause, spread } = flags
  const given = Object.entries({ limit, 'batch-size': batchSize, pause, spread })
    .filter(([, value]) => value !== undefined)
    .map(([name]) => `--${name}`)
  if (given.length > 0)
    throw new UsageError(`${given.join(' and ')} requires a filter such as --state or --subject, or --everything for all tasks`)
}

function optionsOf(flags: TransitionFlags): ResumeAllOptions {
  return {
    everything: flags.everything,
    maxTasks: flags.limit,
    batchSize: flags.batchSize,
    pause: flags.pause?.milliseconds,
    reason: flags.reason,
    scheduleAt: flags.scheduleAt,
    resetAttempts: flags.resetAttempts,
    spread: flags.spread?.milliseconds,
  }
}
