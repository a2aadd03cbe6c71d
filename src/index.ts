export { TaskClient } from './client/task-client.ts'
export type {
  AllOptions,
  FindOptions,
  OperationsOptions,
  PagesOptions,
  ReasonOptions,
  ResumeAllOptions,
  ResumeOptions,
  TaskClientOptions,
  UndoAllOptions,
} from './client/options.ts'
export {
  BrokenConsumerError,
  InvalidArgumentError,
  KanthorqError,
  NotFoundError,
  OperationError,
} from './client/errors.ts'
export { migrate } from './install/migrate.ts'
export type { MigrateOptions } from './install/migrate.ts'
export { installSql } from './install/install-sql.ts'
export type {
  BulkResult,
  ConsumerRef,
  Explanation,
  Finding,
  Operation,
  Preview,
  Queryable,
  RoleLevel,
  Task,
  TaskAction,
  TaskFilter,
  TaskRef,
  TaskState,
  TaskStats,
  TransitionResult,
} from './client/types.ts'
