export { migrate, type MigrateOptions } from './install/migrate.ts'
export { installSql } from './install/install-sql.ts'
