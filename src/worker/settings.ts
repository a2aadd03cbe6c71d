import type { Route } from './routes.ts'
import type { TaskWorkerEvents, TaskWorkerOptions, WorkerMetrics, WorkerPool } from './types.ts'

/** What a worker is made of: its arguments and options, checked and complete. */
export interface Settings extends Record<Exclude<keyof TaskWorkerOptions, 'schema' | 'timeout' | 'transactional'>, number> {
  pool: WorkerPool
  consumer: string
  schema: string
  routes: readonly Route[]
  /** undefined is all. */
  subjects: readonly string[] | undefined
  timeout: number | undefined
  transactional: boolean
}

/** What a worker counts, and tells its listeners. */
export interface Witness {
  counts: Omit<WorkerMetrics, 'running' | 'waiting' | 'reporting'>
  tell: <Name extends keyof TaskWorkerEvents>(name: Name, ...what: TaskWorkerEvents[Name]) => void
}
