export { TaskClient } from './client.ts'
export type {
  AllOptions,
  FindOptions,
  OperationsOptions,
  PagesOptions,
  ReasonOptions,
  ResumeAllOptions,
  ResumeOptions,
  TaskClientOptions,
} from './options.ts'
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
  ConsumerRef,
  Explanation,
  Finding,
  Operation,
  Queryable,
  RoleLevel,
  Task,
  TaskFilter,
  TaskRef,
  TaskState,
  TaskStats,
  TransitionResult,
} from './types.ts'
