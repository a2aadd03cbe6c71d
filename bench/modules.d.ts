// What is used of the packages of bench/package.json, so that types can be checked where those are not installed.

declare module 'pg-boss' {
  export default class PgBoss {
    constructor(options: {
      connectionString: string
      max: number
      supervise: boolean
      schedule: boolean
    })
    start(): Promise<unknown>
    stop(options: { graceful: boolean }): Promise<void>
    createQueue(name: string): Promise<void>
    cancel(name: string, ids: string[]): Promise<{ affected: number }>
    resume(name: string, ids: string[]): Promise<{ affected: number }>
  }
}

declare module 'graphile-worker' {
  import type pg from 'pg'

  export function makeWorkerUtils(options: { pgPool: pg.Pool }): Promise<{
    migrate(): Promise<void>
    release(): Promise<void>
    permanentlyFailJobs(ids: string[], reason?: string): Promise<object[]>
    rescheduleJobs(ids: string[], options: { runAt: Date; attempts: number }): Promise<object[]>
  }>
}

declare module 'ora' {
  export interface Ora {
    text: string
    readonly isSpinning: boolean
    start(text: string): Ora
    stop(): Ora
  }
  export default function ora(options: { discardStdin: boolean; isEnabled?: boolean }): Ora
}

declare module 'markdown-table' {
  export function markdownTable(
    rows: readonly (readonly string[])[],
    options: { align: readonly string[] },
  ): string
}

declare module 'linkedom' {
  export function parseHTML(html: string): { document: object }
}

declare module '@observablehq/plot' {
  export interface Mark {
    readonly marks?: unknown
  }
  type Options = Record<string, unknown>
  export function plot(options: Options): {
    outerHTML: string
    setAttribute(name: string, value: string): void
    insertAdjacentHTML(where: 'afterbegin', html: string): void
  }
  export function areaY(data: readonly object[], options: Options): Mark
  export function barX(data: readonly object[], options: Options): Mark
  export function line(data: readonly object[], options: Options): Mark
  export function ruleX(values: readonly number[], options: Options): Mark
  export function text(data: readonly object[], options: Options): Mark
}
