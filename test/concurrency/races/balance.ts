// Whether what was done, what the log says and what the callers were told is the same.
import type { TaskState } from 'kanthorq-tasks'

/** A row of the consumer's table before or after an update, with the state by name. */
export type Row = Record<string, unknown> & { state: TaskState; updated_at: number }

/** An update of a task that was committed, as a trigger saw it. */
export interface Move {
  readonly id: string
  readonly transaction: string
  readonly before: Row
  readonly after: Row
}

/** An operation of the log. */
export interface Operation {
  readonly id: string
  readonly transaction: string
  readonly action: 'cancel' | 'resume' | 'discard' | 'undo'
  readonly reason: string
  readonly undoes: string | null
  readonly event_ids: readonly string[]
}

/** What a caller was told. */
export interface Call {
  /** No other call has the same. */
  readonly reason: string
  /** The ids that were updated, or how many; left out if the call failed half-way. */
  readonly updated?: readonly string[] | number
}

export interface Balance {
  readonly attemptMax: number
  /** In the order in which each task was moved. */
  readonly journal: readonly Move[]
  readonly log: readonly Operation[]
  readonly calls: readonly Call[]
}

/** All that does not add up. */
export function mistakes({ attemptMax, journal, log, calls }: Balance): string[] {
  const wrong: string[] = []
  const moves = groupBy(journal, ({ transaction }) => transaction)
  const byId = new Map(log.map((operation) => [operation.id, operation]))
  for (const operation of log) {
    const { id, transaction, action, event_ids } = operation
    const own = moves.get(transaction) ?? []
    if (
      !sameIds(
        own.map((move) => move.id),
        event_ids,
      )
    )
      wrong.push(`${id}: it moved other tasks`)
    for (const move of own) {
      const undone = moves.get(byId.get(operation.undoes ?? '')?.transaction ?? '')
      const isRight =
        action === 'undo'
          ? isInverse(
              move,
              undone?.find((other) => other.id === move.id),
            )
          : isMove(action, move, attemptMax)
      if (!isRight) wrong.push(`${move.id}: no ${action} is ${JSON.stringify(move)}`)
    }
  }
  const told = groupBy(calls, ({ reason }) => reason)
  for (const [reason, operations] of groupBy(log, (operation) => operation.reason)) {
    const [call, ...others] = told.get(reason) ?? []
    const ids = operations.flatMap(({ event_ids }) => event_ids)
    const { updated = ids } = call ?? {}
    const isTold = typeof updated === 'number' ? updated === ids.length : sameIds(updated, ids)
    if (call === undefined || others.length > 0 || !isTold)
      wrong.push(`${reason}: the caller was told something else`)
    told.delete(reason)
  }
  for (const [reason, [call]] of told) {
    const { updated = 0 } = call ?? {}
    if (typeof updated === 'number' ? updated > 0 : updated.length > 0)
      wrong.push(`${reason}: it is not in the log`)
  }
  return wrong
}

/** A cancel, resume or discard as it has to be: the tasks that it takes, and no column more than it writes. */
function isMove(action: string, { before, after }: Move, attemptMax: number): boolean {
  const own = ['state', 'finalized_at', 'updated_at']
  const written = action === 'resume' ? [...own, 'schedule_at', 'attempt_count'] : own
  if (Object.keys(after).some((key) => !written.includes(key) && !isSame(after[key], before[key])))
    return false
  if (after.updated_at <= before.updated_at) return false
  const goes = `${before.state} to ${after.state}`
  switch (action) {
    case 'cancel':
      return /^(pending|available|retryable) to cancelled$/.test(goes)
    case 'resume':
      return /^(discarded|cancelled) to running$/.test(goes)
    default:
      return goes === 'running to discarded' && Number(before['attempt_count']) > attemptMax
  }
}

function isInverse(move: Move, undone: Move | undefined): boolean {
  const columns = ['state', 'updated_at', 'finalized_at', 'attempt_count', 'schedule_at']
  const same = (a: Row, b: Row) => columns.every((key) => isSame(a[key], b[key]))
  return undone !== undefined && same(move.after, undone.before)
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

function sameIds(some: readonly string[], others: readonly string[]): boolean {
  return some.toSorted().join() === others.toSorted().join()
}

/** The kinds of moves that there were. */
export function movesOf({ journal, log }: Balance): string[] {
  const actions = new Map(log.map(({ transaction, action }) => [transaction, action]))
  const kinds = journal.map(({ transaction, before, after }) => {
    const by = actions.get(transaction) ?? 'worker'
    return by === 'undo' ? by : `${by}: ${before.state} to ${after.state}`
  })
  return [...new Set(kinds)].sort()
}

function groupBy<T>(list: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of list) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item])
  return groups
}
