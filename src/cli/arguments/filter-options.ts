import { Option, type Command } from 'commander'
import type { TaskFilter, TaskState } from '../../client/types.ts'
import { metadata, past, someOf, states, words } from './option-values.ts'

/** The options of a filter, as Commander gives them. */
export interface FilterFlags {
  state?: TaskState[]
  subject?: string
  metadata?: Record<string, unknown>
  error?: string
  createdAfter?: Date
  createdBefore?: Date
}

/**
 * Gives a command the options that say which tasks are meant.
 *
 * @param among - the states that tasks may be in
 */
export function addFilter(command: Command, among: readonly TaskState[] = states): Command {
  const options = [
    new Option('--state <states>', 'in one of these states; with commas for several')
      .choices(among)
      .argParser(someOf(among)),
    new Option(
      '--subject <filter>',
      'with a subject like this: * is one token, > at the end is one or more',
    ).argParser(words),
    new Option(
      '--metadata <key=value>',
      'with this in the metadata; again for more, or a JSON object',
    ).argParser(metadata),
    new Option('--error <text>', 'with this in the last error').argParser(words),
    new Option(
      '--created-after <time>',
      'made at this time or later: 2026-01-31T03:00, or 2h ago as 2h',
    ).argParser(past),
    new Option('--created-before <time>', 'made before this time').argParser(past),
  ]
  for (const option of options) command.addOption(option.helpGroup('Filter:'))
  return command
}

/** The filter that the options make. */
export function filterOf(flags: FilterFlags): TaskFilter {
  return {
    ...(flags.state && { states: flags.state }),
    ...(flags.subject !== undefined && { subject: flags.subject }),
    ...(flags.metadata && { metadata: flags.metadata }),
    ...(flags.error !== undefined && { error: flags.error }),
    ...(flags.createdAfter && { createdAfter: flags.createdAfter }),
    ...(flags.createdBefore && { createdBefore: flags.createdBefore }),
  }
}

/** Whether the filter lets every task through. */
export function isEmpty({ metadata: part, ...rest }: TaskFilter): boolean {
  return Object.keys(rest).length === 0 && Object.keys(part ?? {}).length === 0
}
