// The filter that find, count and all bulk calls share.
import type { TaskState } from 'kanthorq-tasks'
import { lastError, type Metadata, type ModelTask } from './task.ts'

/** The parts that a filter may have. Times are epoch milliseconds, fractions allowed. */
interface Parts {
  /** In one of these states. */
  readonly states: readonly TaskState[]
  /** With a subject that this filter matches, by the rules of NATS. */
  readonly subject: string
  /** With metadata that contains this. */
  readonly metadata: Metadata
  /** With a last error that contains this text. */
  readonly error: string
  /** Made at this time or later. */
  readonly created_after: number
  /** Made before this time. */
  readonly created_before: number
}

/** What is left out lets everything through. */
export type ModelFilter = { readonly [Key in keyof Parts]?: Parts[Key] | undefined }

type Tests = { readonly [Key in keyof Parts]: (task: ModelTask, wanted: Parts[Key]) => boolean }

const tests: Tests = {
  states: (task, states) => states.includes(task.state),
  subject: (task, subject) => matchesSubject(task.subject.split('.'), subject.split('.')),
  metadata: (task, metadata) => contains(task.metadata, metadata),
  error: (task, error) => lastError(task)?.includes(error) ?? false,
  created_after: (task, time) => task.created_at >= time,
  created_before: (task, time) => task.created_at < time,
}

export const filterKeys = Object.keys(tests) as (keyof Parts)[]

export function matches(task: ModelTask, filter: ModelFilter): boolean {
  return filterKeys.every((key) => passes(task, key, filter[key]))
}

/** Whether the task passes this one part of a filter. */
export function passes<Key extends keyof Parts>(
  task: ModelTask,
  key: Key,
  wanted: Parts[Key] | undefined,
): boolean {
  return wanted === undefined || tests[key](task, wanted)
}

/** Whether it lets everything through, whatever the tasks are. */
export function isEmpty(filter: ModelFilter): boolean {
  const { metadata, ...others } = filter
  const nothing = metadata === undefined || Object.keys(metadata).length === 0
  return nothing && Object.values(others).every((wanted) => wanted === undefined)
}

/** `*` is exactly one token; `>` is one or more, and only as the last; all else is itself, in its own case. */
function matchesSubject(tokens: readonly string[], filter: readonly string[]): boolean {
  const [wanted, ...others] = filter
  const [token, ...rest] = tokens
  if (wanted === undefined || token === undefined) return wanted === token
  if (wanted === '>') return others.length === 0
  return (wanted === '*' || wanted === token) && matchesSubject(rest, others)
}

/** JSON containment: objects by their keys, arrays in any order, everything else by value. */
function contains(whole: unknown, part: unknown): boolean {
  if (Array.isArray(part)) {
    return (
      Array.isArray(whole) && part.every((wanted) => whole.some((item) => contains(item, wanted)))
    )
  }
  if (!isObject(part)) return whole === part
  return (
    isObject(whole) &&
    Object.entries(part).every(([key, wanted]) => key in whole && contains(whole[key], wanted))
  )
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
