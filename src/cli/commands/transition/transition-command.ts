import { Command, Option } from 'commander'
import type { CancelOptions, ResumeOptions } from '../../../client/options.ts'
import type { TaskAction } from '../../../client/types.ts'
import { addFilter, filterOf, isEmpty, type FilterFlags } from '../../arguments/filter-options.ts'
import { eventIdsOf, idsOrStdin } from '../../arguments/ids-or-stdin.ts'
import { count, countUpTo, durationUpTo, maxInteger, nonEmpty, type Duration } from '../../arguments/option-parsers.ts'
import { confirmationOptions, refuseWithoutTerminal, type Confirmation } from '../../confirmation.ts'
import { allConsumers } from '../../consumers.ts'
import { UsageError } from '../../errors.ts'
import { addExamples } from '../../help.ts'
import { withSession } from '../../session.ts'
import { moveByFilter } from './by-filter.ts'
import { moveByIds, previewByIds } from './by-ids.ts'
import { transitions } from './transitions.ts'

/** The options of a transition, as parsed. */
export interface TransitionFlags extends FilterFlags, Confirmation {
  everything?: boolean
  limit?: number
  batchSize?: number
  pause?: Duration
  reason?: string
  running?: boolean
  scheduleAt?: Date
  resetAttempts?: boolean
  spread?: Duration
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
    .argument('<consumer>', "name of the consumer; '*' is all of them, by filter")
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
    new Option('--batch-size <n>', 'tasks a batch (default: 1000)').argParser(countUpTo(maxInteger)).helpGroup('By filter:'),
    new Option('--pause <duration>', 'wait between batches: 100ms, 2s, 0s (default: twice the duration of the last batch)')
      .argParser(durationUpTo('1d'))
      .helpGroup('By filter:'),
    ...confirmationOptions(),
  ])
    command.addOption(option)
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
  if (consumer === allConsumers && flags.limit !== undefined)
    throw new UsageError(`--limit cannot be combined with '${allConsumers}': name one consumer`)
  if (action === 'cancel' && flags.state?.includes('running') && !flags.running)
    throw new UsageError('--state running requires --running: a worker may hold these tasks')
  refuseWithoutTerminal(flags)
  await withSession(command, (session) => moveByFilter(session, command, action, consumer, flags))
}

async function runByIds(
  command: Command,
  action: TaskAction,
  consumer: string,
  args: string[],
  flags: TransitionFlags,
): Promise<void> {
  refuseFilterOptions(flags)
  if (consumer === allConsumers)
    throw new UsageError(`'${allConsumers}' requires a filter such as --state or --subject, or --everything for all tasks`)
  const missing = `name the tasks to ${action}: event ids, a filter such as --subject, or --everything`
  const ids = await idsOrStdin(args, eventIdsOf, missing)
  await withSession(command, (session) =>
    flags.dryRun
      ? previewByIds(session, action, consumer, ids, flags.running)
      : moveByIds(session, action, consumer, ids, optionsOf(flags)),
  )
}

/** Rejects options that would be ignored without a filter. */
function refuseFilterOptions(flags: TransitionFlags): void {
  const { limit, batchSize, pause, spread } = flags
  const given = Object.entries({ limit, 'batch-size': batchSize, pause, spread })
    .filter(([, value]) => value !== undefined)
    .map(([name]) => `--${name}`)
  if (given.length > 0)
    throw new UsageError(`${given.join(' and ')} requires a filter such as --state or --subject, or --everything for all tasks`)
}

function optionsOf({ reason, running, scheduleAt, resetAttempts }: TransitionFlags): CancelOptions & ResumeOptions {
  return { reason, running, scheduleAt, resetAttempts }
}
