import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Conditions } from './conditions.ts'
import type { Action } from './contenders/contender.ts'
import type { Spread } from './measure.ts'

/** What one call takes, in megabytes beside what there was before; null where the server's memory can't be seen. */
export interface Memory {
  seconds: number
  server: number | null
  client: number
}

/** By ids: a row for each action, number of ids, and contender. */
export interface IdsResult {
  conditions: Conditions
  tasks: number
  rows: {
    action: Action
    ids: number
    contender: string
    rounds: number
    ms: Spread
    /** How many times as long as the bare UPDATE of the same round. */
    timesBare: Spread
  }[]
}

/** By filter: a row for each contender. */
export interface FilterResult {
  conditions: Conditions
  tasks: number
  /** How many of them the filter matches. */
  matching: number
  workers: number
  /** How many tasks a worker asks for at a time. */
  claimSize: number
  rows: {
    contender: string
    rounds: number
    /** How many it cancelled in the time that it was given. */
    cancelled: number
    seconds: Spread
    /** How many times as long as the one UPDATE of the same round. */
    timesUpdate: Spread
    /** Tasks that the workers claim in a second with nobody beside them, and meanwhile; as long as both lasted. */
    claimsAlone: Spread
    claimsMeanwhile: Spread
    /** Meanwhile, as a share of alone, in the same round. */
    share: Spread
    /** The longest that a worker waited for a claim meanwhile, in milliseconds. */
    longestClaim: Spread
    /** Whether there were tasks to claim until the end. */
    ranDry: boolean
    /** Of the last round: tasks claimed in a second, at so many seconds after the cancelling began. */
    course: { second: number; claims: number }[]
  }[]
}

/** Growth: a row for each table and each thing that is done with it. */
export interface GrowthResult {
  conditions: Conditions
  tables: { table: string; tasks: number; megabytes: number }[]
  rows: {
    table: string
    what: string
    /** How many tasks the call is about. */
    tasks: number
    rounds: number
    ms: Spread
  }[]
  /** What one call with very many ids takes. */
  memory: ({ what: string; ids: number } & Memory)[]
  /** Vacuuming the largest table when these calls have left as many dead versions. */
  vacuum: { tasks: number; dead: number; seconds: number }
}

/** What each part of the benchmarks comes to. */
export interface Results {
  ids: IdsResult
  filter: FilterResult
  growth: GrowthResult
}

/** The parts, in the order in which they are run. */
export const parts = ['ids', 'filter', 'growth'] as const

/** One of them. */
export type Part = (typeof parts)[number]

/** Writes the result of a part as JSON, with a line for each row of it. */
export function writeResult<P extends Part>(folder: string, part: P, result: Results[P]): void {
  mkdirSync(folder, { recursive: true })
  const members = Object.entries(result).map(([name, value]) => `"${name}":${lines(value)}`)
  writeFileSync(fileOf(folder, part), `{\n${members.join(',\n')}\n}\n`)
}

function lines(value: unknown): string {
  if (!Array.isArray(value)) return JSON.stringify(value, round)
  return `[\n${value.map((row) => JSON.stringify(row, round)).join(',\n')}\n]`
}

/** The results that are in a folder. */
export function readResults(folder: string): Partial<Results> {
  const there = parts.filter((part) => existsSync(fileOf(folder, part)))
  return Object.fromEntries(
    there.map((part) => [part, JSON.parse(readFileSync(fileOf(folder, part), 'utf8')) as unknown]),
  )
}

function fileOf(folder: string, part: Part): string {
  return join(folder, `${part}.json`)
}

/** More than four digits of a measured number say nothing. */
function round(_: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value)
    ? Number(value.toPrecision(4))
    : value
}
