import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { filter } from './filter.ts'
import type { growth } from './growth.ts'
import type { ids } from './ids.ts'

/** What each part of the benchmarks comes to. */
export interface Results {
  ids: Awaited<ReturnType<typeof ids>>
  filter: Awaited<ReturnType<typeof filter>>
  growth: Awaited<ReturnType<typeof growth>>
}

/** The parts, in the order in which they are run. */
export const parts = ['ids', 'filter', 'growth'] as const

/** One of them. */
export type Part = (typeof parts)[number]

/** Writes the result of a part as JSON, with a line for each row of it. */
export function writeResult<P extends Part>(folder: string, part: P, result: Results[P]): void {
  mkdirSync(folder, { recursive: true })
  const members = Object.entries(result).map(([name, value]) => `"${name}":${lines(value)}`)
  writeFileSync(join(folder, `${part}.json`), `{\n${members.join(',\n')}\n}\n`)
}

function lines(value: unknown): string {
  if (!Array.isArray(value)) return JSON.stringify(value, round)
  return `[\n${value.map((row) => JSON.stringify(row, round)).join(',\n')}\n]`
}

/** More than four digits of a measured number say nothing. */
function round(_: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value)
    ? Number(value.toPrecision(4))
    : value
}

/** The results that are in a folder. */
export function readResults(folder: string): Partial<Results> {
  const fileOf = (part: Part) => join(folder, `${part}.json`)
  const there = parts.filter((part) => existsSync(fileOf(part)))
  return Object.fromEntries(
    there.map((part) => [part, JSON.parse(readFileSync(fileOf(part), 'utf8')) as unknown]),
  )
}
