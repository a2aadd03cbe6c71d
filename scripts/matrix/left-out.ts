import { readdirSync, readFileSync } from 'node:fs'

/** Test files that are not run in a configuration, and why. */
export type LeftOut = Record<string, string>

/** These are not about the server: one version is enough. */
export const sameOnEveryServer: LeftOut = {
  'test/project/bench.test.ts': 'tests the benchmarks',
  'test/cli/migrate.test.ts':
    'tests the command line; what it does to a database is in test/install/migrate.test.ts',
  'test/cli/by-filter.test.ts': 'tests what the command line asks and prints',
  'test/cli/by-ids.test.ts': 'tests what the command line takes and prints',
  'test/cli/connection.test.ts': 'tests how the command line gets to a server',
  'test/cli/layout.test.ts': 'tests how the command line puts together what it prints',
  'test/cli/looking.test.ts': 'tests what the command line prints',
  'test/cli/owner.test.ts': 'tests what the command line says of rights',
  'test/cli/terminal.test.ts': 'tests the command line on a terminal',
  'test/cli/usage.test.ts': 'tests what the command line says without a server',
  'test/documents/contributing.test.ts': 'tests a document',
  'test/documents/documents.test.ts': 'tests the documents',
  'test/documents/guarantees.test.ts': 'tests a document',
  'test/documents/links.test.ts': 'tests the documents',
  'test/project/lint-sql.test.ts': 'tests a script that reads text',
  'test/project/migration-text.test.ts': 'tests a script that writes text',
  'test/project/package.test.ts': 'tests the package',
  'test/project/pg-tap-runner.test.ts': 'tests the runner of the pgTAP files',
  'test/documents/reference.test.ts': 'tests the documents',
  'test/project/server.test.ts': 'tests that servers are started, and leave nothing behind',
  'test/client/types.test.ts': 'tests the types of the client',
}

/** These can't be run where all tables of tasks are partitioned. */
export const impossibleOnPartitions: LeftOut = {
  'test/transitions/plan.test.ts': 'says which plans a table gets that is not partitioned',
  'db/tests/kanthorq_doctor/finds_consumers_without_a_scheduling_index.sql':
    'expects CREATE INDEX CONCURRENTLY, which partitioned tables do not have',
  'db/tests/kanthorq_doctor/mends_a_scheduling_index_that_was_left_invalid.sql':
    'runs REINDEX in a transaction, which partitioned indexes do not allow',
}

/** For these it is all the same whether tables of tasks are partitioned. */
export function sameOnPartitions(): LeftOut {
  return withoutWords('makes no table of tasks that could be partitioned', 'useDatabase(')
}

/** For these it is all the same whether calls go through PgBouncer. */
export function sameThroughPgBouncer(): LeftOut {
  return withoutWords('makes no calls that could go through PgBouncer', 'useDatabase(', 'routed(')
}

/** The ava files that have none of these words in them. */
function withoutWords(why: string, ...words: string[]): LeftOut {
  const files = readdirSync('test')
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => `test/${file}`)
  const has = (file: string) => {
    const text = readFileSync(file, 'utf8')
    return words.some((word) => text.includes(word))
  }
  return Object.fromEntries(files.filter((file) => !has(file)).map((file) => [file, why]))
}
