import type { TestFn } from 'ava'
import pg from 'pg'
import { startKillableServer, type KillableServer } from '../../scripts/server.ts'
import type { TestDatabase } from '../support/database.ts'
import { createTemplate } from '../support/template.ts'

/** A database with everything installed, on a server of the test file's own that may be made to crash. */
export interface KillableDatabase extends TestDatabase {
  server: KillableServer
  /** Kills the server, all of it at once, and waits until it has recovered. */
  crash: () => Promise<void>
}

/**
 * Gives the tests of a file such a database. It is always the owner's, and never on the server of DATABASE_URL.
 *
 * Sessions that the server's end takes with it may say so at any time; nobody but their own test listens.
 *
 * @param scene - what else the database needs, as SQL
 */
export function useKillableDatabase(test: TestFn, scene: string): KillableDatabase {
  const database = {} as KillableDatabase
  const tidy: (() => Promise<unknown>)[] = []
  test.before(async () => {
    const server = await startKillableServer()
    tidy.unshift(() => server.stop())
    const { url } = await createTemplate(server.url)
    const owner = new pg.Pool({ connectionString: url })
    owner.on('error', () => undefined)
    owner.on('connect', (session) => session.on('error', () => undefined))
    tidy.unshift(() => owner.end())
    await owner.query(scene)
    Object.assign(database, { ownerUrl: url, url, owner, pool: owner, sessions: owner, server })
    database.crash = async () => {
      await server.kill()
      await server.start()
    }
  })
  test.after.always(async () => {
    for (const step of tidy) await step()
  })
  return database
}
