// The packages of bench/package.json, as far as they are used: types are checked without them.

declare module 'pg-boss' {
  export default class PgBoss {
    constructor(options: object)
    start(): Promise<unknown>
    stop(options: { graceful: boolean }): Promise<void>
    createQueue(name: string): Promise<void>
    cancel(name: string, ids: string[]): Promise<{ affected: number }>
    resume(name: string, ids: string[]): Promise<{ affected: number }>
  }
}

declare module 'graphile-worker' {
  export function makeWorkerUtils(options: object): Promise<{
    migrate(): Promise<void>
    release(): Promise<void>
    permanentlyFailJobs(ids: string[], reason?: string): Promise<object[]>
    rescheduleJobs(ids: string[], options: { runAt: Date; attempts: number }): Promise<object[]>
  }>
}
