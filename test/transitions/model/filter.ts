// The filter that find, count and all bulk calls share.
import type { TaskState } from 'kanthorq-tasks'
import type { Task } from './model.ts'

export type Metadata = Readonly<Record<string, unknown>>

/** What is left out lets everything through. Times are epoch milliseconds, fractions allowed. */
export interface Filter {
  readonly states?: readonly TaskState[]
  readonly subject?: string
  readonly metadata?: Metadata
  readonly error?: string
  readonly created_after?: number
  readonly created_before?: number
}

type Tests = { readonly [Key in keyof Filter]-?: (task: Task, wanted: never) => boolean }

const tests = {
  states: (task, wanted: readonly TaskState[]) => wanted.includes(task.state),
  subject: (task, wanted: string) => matchesSubject(task.subject.split('.'), wanted.split('.')),
  metadata: (task, wanted: Metadata) => contains(task.metadata, wanted),
  error: (task, wanted: string) => lastError(task)?.includes(wanted) ?? false,
  created_after: (task, wanted: number) => task.created_at >= wanted,
  created_before: (task, wanted: number) => task.created_at < wanted,
} satisfies Tests

export const filterKeys = Object.keys(tests) as (keyof Filter)[]

export function matches(task: Task, filter: Filter, keys = filterKeys): boolean {
  return keys.every((key) => filter[key] === undefined || tests[key](task, filter[key] as never))
}

export function lastError(task: Task): string | null {
  return task.attempted_error.at(-1)?.error ?? null
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
    const items: unknown[] = Array.isArray(whole) ? whole : []
    return Array.isArray(whole) && part.every((one) => items.some((item) => contains(item, one)))
  }
  if (typeof part !== 'object' || part === null) return whole === part
  if (typeof whole !== 'object' || whole === null || Array.isArray(whole)) return false
  const found = new Map(Object.entries(whole))
  return Object.entries(part).every(([key, one]) => found.has(key) && contains(found.get(key), one))
}
