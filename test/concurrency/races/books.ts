import type { TaskState } from 'kanthorq-tasks'
import { groupBy } from './group-by.ts'
import { place, type LoggedMove, type Move, type Standing } from './moves.ts'
import { whyNoPath } from './path.ts'

/** What a caller was told. */
export interface Call {
  /** What it gave as the reason, as no other call did: the operations that have it in the log are those of this call. */
  reason: string
  /** How many operations it was told of. */
  operations: number
  /** The ids that were updated, or how many; left out if the call failed half-way. */
  updated?: readonly string[] | number
}

/** All that is known of a race. */
export interface Books {
  attemptMax: number
  /** How each task stood when it was made. */
  start: ReadonlyMap<string, Standing>
  /** How each task stands now. */
  end: ReadonlyMap<string, Standing>
  /** What the workers did, by their own account. */
  worked: readonly Move[]
  /** What the operators did, by the log. */
  logged: readonly LoggedMove[]
  /** What the operators were told. */
  calls: readonly Call[]
}

/** All that does not add up, a sentence each. */
export function mistakes(books: Books): string[] {
  return [...impossibleMoves(books), ...brokenPaths(books), ...wrongReports(books)]
}

/** Moves that the state machine does not have. */
function impossibleMoves({ attemptMax, worked, logged }: Books): string[] {
  const operations = new Map(logged.map((move) => [`${move.operation} ${move.id}`, move]))
  const isPossible = (move: Move & Partial<LoggedMove>) => {
    const { before, after } = move
    const goes = (from: TaskState[], to: TaskState) =>
      from.includes(before.state) && after.state === to
    const grows = after.updatedAt > before.updatedAt
    switch (move.by) {
      case 'claim':
        return goes(['retryable', 'running'], 'running') && before.attemptCount <= attemptMax
      case 'complete':
        return goes(['running'], 'completed')
      case 'fail':
        return goes(['running'], before.attemptCount >= attemptMax ? 'discarded' : 'retryable')
      case 'cancel':
        return goes(['pending', 'available', 'retryable'], 'cancelled') && grows
      case 'resume': {
        const attempts = [0, Math.min(before.attemptCount, attemptMax)]
        const right = attempts.includes(after.attemptCount)
        return goes(['discarded', 'cancelled'], 'running') && grows && right
      }
      case 'discard':
        return goes(['running'], 'discarded') && grows && before.attemptCount > attemptMax
      case 'undo': {
        const undone = operations.get(`${move.undoes ?? ''} ${move.id}`)
        const isInverse = ({ before: from, after: to }: Move) =>
          place(from) === place(after) && place(to) === place(before)
        return undone !== undefined && isInverse(undone)
      }
    }
  }
  return [...worked, ...logged]
    .filter((move) => !isPossible(move))
    .map(
      (move) => `${move.id}: no ${move.by} goes from ${place(move.before)} to ${place(move.after)}`,
    )
}

/** Tasks whose moves are not one path from the start of the task to its end. */
function brokenPaths({ start, end, worked, logged }: Books): string[] {
  const moves = groupBy([...worked, ...logged], ({ id }) => id)
  return [...new Set([...start.keys(), ...end.keys(), ...moves.keys()])].flatMap((id) => {
    const [first, last] = [start.get(id), end.get(id)]
    if (first === undefined || last === undefined) return [`${id}: is not there all the time`]
    return whyNoPath(first, last, moves.get(id) ?? []).map((why) => `${id}: ${why}`)
  })
}

/** Calls that were told something else than the log says, and operations that nobody was told of. */
function wrongReports({ logged, calls }: Books): string[] {
  const moves = groupBy(logged, ({ reason }) => reason)
  const wrong = calls.flatMap(({ reason, operations, updated }) => {
    const own = moves.get(reason) ?? []
    moves.delete(reason)
    const ids = own.map(({ id }) => id).sort()
    const told = updated ?? ids
    const agree =
      new Set(own.map(({ operation }) => operation)).size === operations &&
      (typeof told === 'number' ? told === ids.length : told.toSorted().join() === ids.join())
    return agree ? [] : [`${reason}: the log says something else than it was told`]
  })
  return [...wrong, ...[...moves.keys()].map((reason) => `${reason}: nobody was told of it`)]
}
