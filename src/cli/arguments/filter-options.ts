import { Option, type Command } from 'commander'
import type { TaskFilter, TaskState } from '../../client/types.ts'
import { metadata, nonEmpty, pastTime, stateList, states } from './option-parsers.ts'

/** The options of a filter, as parsed. */
export interface FilterFlags extends Omit<TaskFilter, 'states'> {
  state?: TaskState[]
}

/**
 * Adds the options that select tasks.
 *
 * @param allowed - the states that `--state` accepts
 */
export function addFilter(command: Command, allowed: readonly TaskState[] = states): Command {
  const options = [
    new Option('--state <states>', 'in one of these states, separated by commas')
      .choices(allowed)
      .argParser(stateList(allowed)),
    new Option('--subject <filter>', 'with a matching subject: * is one token, > at the end is one or more').argParser(
      nonEmpty,
    ),
    new Option('--metadata <key=value>', 'with this in the metadata; repeat it for more, or pass a JSON object').argParser(
      metadata,
    ),
    new Option('--error <text>', 'with this text in the last error').argParser(nonEmpty),
    new Option('--created-after <time>', 'created at this time or later: 2026-01-31T03:00, or 2h for 2 hours ago').argParser(
      pastTime,
    ),
    new Option('--created-before <time>', 'created before this time').argParser(pastTime),
  ]
  for (const option of options) command.addOption(option.helpGroup('Filter:'))
  return command
}

/** The filter that the options describe. */
export function filterOf(flags: FilterFlags): TaskFilter {
  const { state: states, subject, metadata, error, createdAfter, createdBefore } = flags
  const parts = { states, subject, metadata, error, createdAfter, createdBefore }
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined))
}

/** Whether the filter matches every task. */
export function isEmpty({ metadata: part, ...rest }: TaskFilter): boolean {
  return Object.keys(rest).length === 0 && Object.keys(part ?? {}).length === 0
}
