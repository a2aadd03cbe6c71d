import { groupBy } from './group-by.ts'
import { place, type Move, type Standing } from './moves.ts'

/**
 * Why there is no order of the moves in which the first begins at the start, each other where the one before it ended, and
 * the last ends at the end. Nothing if there is one.
 *
 * In which order they came, the clocks of ten sessions can't tell, and it need not be known. Euler: there is such an order
 * if, and only if, each place was left as often as it was come to, and all moves hang together. So a move that was lost,
 * made up, or noted twice shows at two places: one was left once too often, or too seldom, and another was come to so.
 */
export function whyNoPath(start: Standing, end: Standing, moves: readonly Move[]): string[] {
  const steps = moves.map(({ before, after }) => ({ from: place(before), to: place(after) }))

  // To be there at the start counts as coming, to be there at the end as leaving.
  const balances = new Map<string, number>()
  for (const to of [place(start), ...steps.map((step) => step.to)])
    balances.set(to, (balances.get(to) ?? 0) + 1)
  for (const from of [place(end), ...steps.map((step) => step.from)])
    balances.set(from, (balances.get(from) ?? 0) - 1)

  const leaving = groupBy(steps, ({ from }) => from)
  const reached = new Set([place(start)])
  // A Set may grow while it is gone through.
  for (const from of reached) for (const { to } of leaving.get(from) ?? []) reached.add(to)

  return [
    ...[...balances]
      .filter(([, balance]) => balance !== 0)
      .map(([at, balance]) => `came to ${at} ${balance} times more than it left`),
    ...[...leaving.keys()]
      .filter((from) => !reached.has(from))
      .map((from) => `never got to ${from}`),
  ]
}
