export { TaskWorker } from './worker/task-worker.ts'
export { TaskAborted, type AbortReason } from './worker/task-aborted.ts'
export type * from './worker/types.ts'
