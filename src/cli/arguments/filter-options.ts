import { Option, type Command } from 'commander'
import type { TaskState } from '../../client/types.ts'
import { UsageError } from '../errors.ts'
import { formatTime } from '../terminal/format.ts'
import { metadata, nonEmpty, pastTime, stateList, states, type Metadata } from './option-parsers.ts'

/** The options of a filter, as parsed. */
export interface FilterFlags {
  state?: TaskState[]
  subject?: string
  metadata?: Metadata
  error?: string
  createdAfter?: Date
  createdBefore?: Date
  fingerprint?: string
  since?: Date
  until?: Date
}

/** A filter as named arguments of the functions. */
export type FilterArguments = Record<string, unknown>

/**
 * Adds the options that select tasks.
 *
 * @param allowed - the states that `--state` accepts
 * @param dated - what `--since` and `--until` are about
 */
export function addFilter(
  command: Command,
  allowed: readonly TaskState[] = states,
  dated = 'completed, cancelled or discarded',
): Command {
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
    new Option('--error <text>', 'with this text in the last error, upper and lower case alike').argParser(nonEmpty),
    new Option('--fingerprint <text>', 'with this fingerprint of the last error: see errors').argParser(nonEmpty),
    new Option('--since <time>', `${dated} at this time or later: 02:00, 2h for 2 hours ago, or 2026-01-31T03:00`).argParser(
      pastTime,
    ),
    new Option('--until <time>', `${dated} before this time`).argParser(pastTime),
    new Option('--created-after <time>', 'created at this time or later').argParser(pastTime),
    new Option('--created-before <time>', 'created before this time').argParser(pastTime),
  ]
  for (const option of options) command.addOption(option.helpGroup('Filter:'))
  return command
}

/**
 * The filter that the options describe.
 *
 * @throws UsageError for a period that ends before it begins: of two clock times, one may be of yesterday
 */
export function filterOf(flags: FilterFlags): FilterArguments {
  const { state, subject, metadata, error, fingerprint, since, until, createdAfter, createdBefore } = flags
  refuseEmptyPeriod('--since', since, '--until', until)
  refuseEmptyPeriod('--created-after', createdAfter, '--created-before', createdBefore)
  const filter = {
    states: state,
    subject,
    metadata: metadata?.json,
    error,
    created_after: createdAfter,
    fingerprint,
    created_before: createdBefore,
    finalized_after: since,
    finalized_before: until,
  }
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined))
}

function refuseEmptyPeriod(after: string, start: Date | undefined, before: string, end: Date | undefined): void {
  if (start !== undefined && end !== undefined && start >= end)
    throw new UsageError(`${after} is ${formatTime(start)}, which is not before ${before}, ${formatTime(end)}`)
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
