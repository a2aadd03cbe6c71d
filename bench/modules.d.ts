// The packages of bench/package.json, as far as they are used: types are checked without them.

declare module 'pg-boss' {
  export default class PgBoss {
    constructor(options: object)
    start(): Promise<unknown>
    stop(options: { graceful: boolean }): Promise<void>
    createQueue(name: string): Promise<void>
    insert(jobs: { name: string; data: object }[]): Promise<unknown>
    fetch(name: string, options: { batchSize: number }): Promise<{ id: string; data: { published: number } }[]>
    complete(name: string, ids: string[]): Promise<unknown>
    cancel(name: string, ids: string[]): Promise<{ affected: number }>
    resume(name: string, ids: string[]): Promise<{ affected: number }>
  }
}

declare module 'graphile-worker' {
  export const Logger: new (factory: () => () => void) => object
  export function run(options: {
    taskList: Record<string, (payload: { published: number }) => Promise<void>>
    [option: string]: unknown
  }): Promise<{ stop(): Promise<void> }>
  export function makeWorkerUtils(options: object): Promise<{
    migrate(): Promise<void>
    release(): Promise<void>
    permanentlyFailJobs(ids: string[], reason?: string): Promise<object[]>
    rescheduleJobs(ids: string[], options: { runAt: Date; attempts: number }): Promise<object[]>
  }>
}
