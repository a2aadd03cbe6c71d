import { randomInt } from 'node:crypto'
import type { ExecutionContext } from 'ava'

/** A number to begin with, printed with the test. To see a failure again, set KANTHORQ_TEST_SEED to what was printed. */
export function seedOf(t: ExecutionContext): number {
  const seed = Number(process.env['KANTHORQ_TEST_SEED'] ?? randomInt(2 ** 31))
  t.log(`KANTHORQ_TEST_SEED=${seed}`)
  return seed
}

/** Choices that a seed determines. */
export interface Random {
  /** One of the list, which must not be empty. */
  pick: <T>(list: readonly T[]) => T
  /** So many different ones of the list, or all if there are fewer, in any order. */
  some: <T>(list: readonly T[], count: number) => T[]
  /** Whether it is one of so many times. */
  oneOf: (count: number) => boolean
}

/** The same seed makes the same choices. */
export function seededRandom(seed: number): Random {
  const number = generator(seed)
  const below = (limit: number) => Math.floor(number() * limit)
  return {
    pick: <T>(list: readonly T[]) => list[below(list.length)] as T,
    some(list, count) {
      const rest = [...list]
      return Array.from({ length: count }, () => rest.splice(below(rest.length), 1)).flat()
    },
    oneOf: (count) => below(count) === 0,
  }
}

/** Numbers from 0 to 1 (mulberry32). */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
