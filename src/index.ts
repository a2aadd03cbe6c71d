export { TaskClient } from './client/task-client.ts'
export {
  BrokenConsumerError,
  InvalidArgumentError,
  KanthorqError,
  NotFoundError,
  OperationError,
} from './client/errors.ts'
export { migrate, type MigrateOptions } from './install/migrate.ts'
export { installSql } from './install/install-sql.ts'
export type * from './client/options.ts'
export type * from './client/types.ts'
