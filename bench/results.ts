import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { filter } from './filter.ts'
import type { growth } from './growth.ts'
import type { ids } from './ids.ts'
import type { work } from './work.ts'

/** What each part of the benchmarks comes to. */
export interface Results {
  ids: Awaited<ReturnType<typeof ids>>
  filter: Awaited<ReturnType<typeof filter>>
  growth: Awaited<ReturnType<typeof growth>>
  work: Awaited<ReturnType<typeof work>>
}

/** The parts, in the order in which they are run. */
export const parts = ['ids', 'filter', 'growth', 'work'] as const

/** Writes the result of each part as JSON, with a line for each row of it. */
export function writeResults(folder: string, results: Partial<Results>): void {
  mkdirSync(folder, { recursive: true })
  for (const [part, result] of Object.entries(results)) {
    const members = Object.entries(result).map(([name, value]) => `"${name}":${lines(value)}`)
    writeFileSync(join(folder, `${part}.json`), `{\n${members.join(',\n')}\n}\n`)
  }
}

function lines(value: unknown): string {
  if (!Array.isArray(value)) return JSON.stringify(value, round)
  return `[\n${value.map((row) => JSON.stringify(row, round)).join(',\n')}\n]`
}

/** More than four digits of a measured number say nothing. */
function round(_: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value
}

/** The results that are in a folder. */
export function readResults(folder: string): Partial<Results> {
  const files = parts.map((part) => [part, join(folder, `${part}.json`)] as const)
  return Object.fromEntries(
    files
      .filter(([, file]) => existsSync(file))
      .map(([part, file]) => [part, JSON.parse(readFileSync(file, 'utf8')) as unknown]),
  )
}
