import { Option, type Command } from 'commander'
import type { TaskState } from '../../client/types.ts'
import { metadata, nonEmpty, pastTime, stateList, states, type Metadata } from './option-parsers.ts'

/** The options of a filter, as parsed. */
export interface FilterFlags {
  state?: TaskState[]
  subject?: string
  metadata?: Metadata
  error?: string
  createdAfter?: Date
  createdBefore?: Date
}

/** A filter as named arguments of the functions. */
export type FilterArguments = Record<string, unknown>

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
    new Option(
      '--metadata <key=value>',
      'with this text in the metadata; repeat it for more, or pass JSON: {"customer": 42}',
    ).argParser(metadata),
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
export function filterOf({ state, subject, metadata, error, createdAfter, createdBefore }: FilterFlags): FilterArguments {
  const filter = {
    states: state,
    subject,
    metadata: metadata?.json,
    error,
    created_after: createdAfter,
    created_before: createdBefore,
  }
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined))
}

/** Whether the filter matches every task. */
export function isEmpty(filter: FilterArguments): boolean {
  return Object.keys(filter).length === 0
}

/** What `--metadata key=value` looks for, where it could mean something else. */
export function metadataNotes({ metadata }: FilterFlags): string[] {
  return (metadata?.otherwise ?? []).map(
    (json) => `--metadata key=value looks for a text; for the other meaning: --metadata '${json}'`,
  )
}
