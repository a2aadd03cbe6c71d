/** The middle of many samples, and the range that holds the middle half of them. */
export interface Spread {
  median: number
  q1: number
  q3: number
}

/** @throws Error when there are no samples */
export function spread(samples: readonly number[]): Spread {
  if (samples.length === 0) throw new Error('there is nothing to take the median of')
  const sorted = samples.toSorted((a, b) => a - b)
  return { median: quantile(sorted, 0.5), q1: quantile(sorted, 0.25), q3: quantile(sorted, 0.75) }
}

/** The spread of `samples[i] / base[i]`: each sample is compared with the one of the same round only. */
export function spreadOfRatios(samples: readonly number[], base: readonly number[]): Spread {
  return spread(samples.map((sample, round) => sample / (base[round] ?? Number.NaN)))
}

/** Between two samples by their distance to it, as most programs do it. */
function quantile(sorted: readonly number[], share: number): number {
  const position = (sorted.length - 1) * share
  const below = sorted[Math.floor(position)] ?? Number.NaN
  const above = sorted[Math.ceil(position)] ?? Number.NaN
  return below + (above - below) * (position - Math.floor(position))
}

/** What something took, in milliseconds, and what it returned. */
export async function timed<T>(action: () => Promise<T>): Promise<{ ms: number; result: T }> {
  const start = performance.now()
  const result = await action()
  return { ms: performance.now() - start, result }
}

/** Makes at least so many rounds, and at most 200: one more as long as it can be expected to end in time. */
export async function rounds(
  { seconds, least }: { seconds: number; least: number },
  round: (number: number) => Promise<void>,
): Promise<void> {
  const start = performance.now()
  for (let done = 0; done < 200; done++) {
    const spent = (performance.now() - start) / 1000
    if (done >= least && spent + spent / done > seconds) return
    await round(done)
  }
}

/** The items in the same circle, begun one further in each round, so that each comes first, and last, equally often. */
export function rotated<T>(items: readonly T[], round: number): T[] {
  const start = round % items.length
  return [...items.slice(start), ...items.slice(0, start)]
}
