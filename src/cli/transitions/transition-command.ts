import { Command, Option } from 'commander'
import type { ResumeAllOptions } from '../../client/options.ts'
import { actions, type Action } from '../arguments/action.ts'
import { byFilter, refuseUnasked } from './by-filter.ts'
import { byIds, lookAtIds } from './by-ids.ts'
import { UsageError } from '../errors.ts'
import { addFilter, filterOf, isEmpty, type FilterFlags } from '../arguments/filter-options.ts'
import { eventIdsOf, hasInput, namedIds } from '../arguments/ids.ts'
import { addCommon, withSession } from '../session.ts'
import { count, duration, words, type Duration } from '../arguments/option-values.ts'

interface ActionFlags extends FilterFlags {
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

/**
 * A command that does an action to tasks, by their ids or by a filter.
 *
 * @param texts - what it does to which tasks
 * @param more - options that only this action has
 */
export function actionCommand(
  action: Action,
  texts: { summary: string; description: string },
  more: Option[] = [],
): Command {
  const command = new Command(action)
    .summary(texts.summary)
    .description(
      `${texts.description}\n\n` +
        'By ids: those in the command or, if there are none, those on standard input, one a line or as JSON lines that ' +
        'find, explain or log printed. Prints the ids of the tasks that it took.\n' +
        'By filter: shows what it would do, asks, and does it in batches, each committed. Ctrl-C stops between two of them.',
    )
    .argument('<consumer>', 'name of the consumer')
    .argument('[ids...]', 'ids of events; - is standard input')
    .action((consumer: string, ids: string[], flags: ActionFlags) =>
      !isEmpty(filterOf(flags)) || flags.everything
        ? runByFilter(command, action, consumer, ids, flags)
        : runByIds(command, action, consumer, ids, flags),
    )
  addFilter(command, actions[action].takes)
  const ofFilter = [
    new Option('--everything', 'all that can be taken, without a filter'),
    new Option('--limit <n>', 'at most so many tasks').argParser(count),
  ]
  for (const option of ofFilter) command.addOption(option.helpGroup('Filter:'))
  command.addOption(new Option('--reason <text>', 'why, for the log').argParser(words))
  for (const option of more) command.addOption(option)
  const ofBatches = [
    new Option('--batch-size <n>', 'so many tasks at once (default: 1000)').argParser(count),
    new Option(
      '--pause <duration>',
      'wait between batches: 100ms, 2s, 0s (default: twice as long as each took)',
    ).argParser(duration),
  ]
  for (const option of ofBatches) command.addOption(option.helpGroup('By filter:'))
  command
    .option('-n, --dry-run', 'show what it would do, and do nothing')
    .option('-y, --yes', 'do not ask')
  return addCommon(command)
}

async function runByFilter(
  command: Command,
  action: Action,
  consumer: string,
  ids: string[],
  flags: ActionFlags,
): Promise<void> {
  if (ids.length > 0)
    throw new UsageError('ids and a filter do not go together: leave out one of the two')
  const { dryRun = false, yes = false } = flags
  refuseUnasked({ dryRun, yes })
  const [filter, options] = [filterOf(flags), optionsOf(flags)]
  await withSession(command, (session) =>
    byFilter(session, { action, consumer, filter, options, dryRun, yes, command }),
  )
}

async function runByIds(
  command: Command,
  action: Action,
  consumer: string,
  args: string[],
  flags: ActionFlags,
): Promise<void> {
  refuseFilterOptions(flags)
  if (args.length === 0 && !hasInput())
    throw new UsageError(
      `say which tasks to ${action}: event ids, a filter such as --subject, or --everything`,
    )
  const ids = await namedIds(args, eventIdsOf)
  await withSession(command, (session) =>
    flags.dryRun
      ? lookAtIds(session, action, consumer, ids)
      : byIds(session, action, consumer, ids, optionsOf(flags)),
  )
}

/** What makes no sense without a filter, and would be overheard. */
function refuseFilterOptions(flags: ActionFlags): void {
  if (flags.metadata)
    throw new UsageError(
      'an empty --metadata lets every task through: name what it has to contain; or say --everything for all tasks',
    )
  const given = [
    ...(flags.limit === undefined ? [] : ['--limit']),
    ...(flags.batchSize === undefined ? [] : ['--batch-size']),
    ...(flags.pause === undefined ? [] : ['--pause']),
    ...(flags.spread === undefined ? [] : ['--spread']),
  ]
  if (given.length > 0)
    throw new UsageError(
      `${given.join(' and ')} needs a filter beside it, such as --state or --subject; or --everything for all tasks`,
    )
}

function optionsOf(flags: ActionFlags): ResumeAllOptions {
  return {
    ...(flags.everything && { everything: true }),
    ...(flags.limit !== undefined && { maxTasks: flags.limit }),
    ...(flags.batchSize !== undefined && { batchSize: flags.batchSize }),
    ...(flags.pause && { pause: flags.pause.milliseconds }),
    ...(flags.reason !== undefined && { reason: flags.reason }),
    ...(flags.scheduleAt && { scheduleAt: flags.scheduleAt }),
    ...(flags.resetAttempts && { resetAttempts: true }),
    ...(flags.spread && { spread: flags.spread.milliseconds }),
  }
}
