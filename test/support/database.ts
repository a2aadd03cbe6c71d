import type { TestFn } from 'ava'
import pg from 'pg'
import { startServer } from '../../scripts/server.ts'
import { createDatabase } from '../../scripts/throwaway-database.ts'
import { createTemplate, type Template } from './template.ts'

/** A database of a test file's own, with everything installed, and two ways in. */
export interface TestDatabase {
  /** Connection string for the owner of everything. */
  ownerUrl: string
  /** Connection string for whoever this run tests as: the owner, or a role that may only execute the functions. */
  url: string
  /** Connected as the owner: to set the scene, and to look behind it. */
  owner: pg.Pool
  /** Connected by {@link TestDatabase.url}: to do what is tested. */
  pool: pg.Pool
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
    const template =
      given === undefined ? await createTemplate(server.url) : (JSON.parse(given) as Template)
    const { url: ownerUrl, drop } = await createDatabase(
      server.url,
      new URL(template.url).pathname.slice(1),
    )
    tidy.unshift(drop)
    const url =
      process.env['KANTHORQ_TEST_AS'] === 'operator' ? as(template.operator, ownerUrl) : ownerUrl
    const owner = new pg.Pool({ connectionString: ownerUrl })
    const pool = new pg.Pool({ connectionString: url })
    tidy.unshift(() => Promise.all([owner.end(), pool.end()]))
    Object.assign(database, { ownerUrl, url, owner, pool })
  })
  test.after.always(async () => {
    for (const step of tidy) await step()
  })
  return database
}

function as(role: Template['operator'], databaseUrl: string): string {
  const url = new URL(databaseUrl)
  url.username = role.name
  url.password = role.password
  return url.href
}
