export { TaskClient } from './client.ts'
export type { CancelOptions, ResumeOptions, TaskClientOptions } from './client.ts'
export {
  BrokenConsumerError,
  InvalidArgumentError,
  KanthorqError,
  NotFoundError,
  OperationError,
} from './errors.ts'
export { migrate } from './migrate.ts'
export type { MigrateOptions } from './migrate.ts'
export { installSql } from './install-sql.ts'
export type {
  AttemptError,
  ConsumerRef,
  Queryable,
  Task,
  TaskRef,
  TaskState,
  TransitionResult,
} from './types.ts'
