import type { TestFn } from 'ava'
import pg from 'pg'
import { startServer } from '../../scripts/server.ts'
import { createDatabase } from '../../scripts/throwaway-database.ts'
import { leave, openRoute, routed } from './route.ts'
import { as, createTemplate, type Template } from './template.ts'

/** A database of a test file's own, with everything installed, and the ways in. */
export interface TestDatabase {
  /** Connection string for the owner of everything. */
  ownerUrl: string
  /**
   * Connection string for the role that this run tests as, the owner or a role that may only execute the functions. It leads
   * through PgBouncer in a run that goes that way.
   */
  url: string
  /** Connected as the owner: to set the scene, and to look behind it. */
  owner: pg.Pool
  /** Connected by {@link TestDatabase.url}: to do what is tested. */
  pool: pg.Pool
  /**
   * For what is tested in a session of the server's own, because the test makes settings or temporary tables there, or
   * asks which process serves it: like the pool, but never through PgBouncer, which gives a session for a transaction only.
   */
  sessions: pg.Pool
}

/**
 * Gives the tests of a file a database, filled in before the first of them starts and dropped after the last.
 *
 * `npm test` names the server and the template in the environment; a file that is run by itself makes its own.
 */
export function useDatabase(test: TestFn): TestDatabase {
  const database = {} as TestDatabase
  const tidy: (() => Promise<unknown>)[] = []
  test.before(async () => {
    const server = await startServer()
    tidy.unshift(() => server.stop())
    const given = process.env['KANTHORQ_TEST_TEMPLATE']
    const template = given === undefined ? await createTemplate(server.url) : (JSON.parse(given) as Template)
    tidy.unshift(await openRoute(server.url, template))
    const { url: ownerUrl, drop } = await createDatabase(server.url, new URL(template.url).pathname.slice(1))
    tidy.unshift(drop)
    const direct = process.env['KANTHORQ_TEST_AS'] === 'operator' ? as(template.operator, ownerUrl) : ownerUrl
    const url = routed(direct)
    tidy.unshift(() => leave(ownerUrl))
    const connected = (connectionString: string) => {
      const pool = new pg.Pool({ connectionString })
      // A session that a test has the server end may say so when it is back in the pool, and then ends the process.
      pool.on('error', () => undefined)
      tidy.unshift(() => pool.end())
      return pool
    }
    const pools = { owner: connected(ownerUrl), pool: connected(url), sessions: connected(direct) }
    Object.assign(database, { ownerUrl, url, ...pools })
  })
  test.after.always(async () => {
    for (const step of tidy) await step()
  })
  return database
}
