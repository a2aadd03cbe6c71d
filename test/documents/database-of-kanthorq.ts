import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { migrate } from 'kanthorq-tasks/migrate'
import { connect, type TestServer } from '../support/empty-database.ts'
import { projectFolder } from '../support/run-program.ts'

/** Makes the database that `npm run db` starts: the tasks that KanthorQ left, with our functions. */
export async function databaseOfKanthorq(t: ExecutionContext, server: TestServer) {
  const { url, client: empty } = await server.emptyDatabase(t)
  await empty.query(readFileSync(join(projectFolder, 'test/fixtures/kanthorq-go.sql'), 'utf8'))
  await migrate({ database: url })
  // A new session, because the dump has emptied the search_path of the first.
  return { url, client: await connect(t, url) }
}
