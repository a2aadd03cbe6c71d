import type { ExecutionContext, TestFn } from 'ava'
import pg from 'pg'
import { startServer, type Server } from '../../scripts/server.ts'
import { createDatabase, createRole } from '../../scripts/throwaway-database.ts'

/** A database with nothing in it, and a connection to it, both until the test ends. */
export interface EmptyDatabase {
  url: string
  client: pg.Client
}

/** What tests of a server can ask for. */
export interface TestServer {
  /** Connection string of the server's maintenance database. */
  serverUrl: () => string
  /** Makes a database for this test alone. */
  emptyDatabase: (t: ExecutionContext) => Promise<EmptyDatabase>
  /** Creates a role that may log in and nothing else; the result is its name, and its way into a database. */
  role: () => Promise<{ name: string; into: (databaseUrl: string) => string }>
}

/** Gives the tests of a file a server, from before the first of them starts until after the last. */
export function useServer(test: TestFn, start: () => Promise<Server> = startServer): TestServer {
  let server: Server | undefined
  const serverUrl = () => server?.url ?? ''
  test.before(async () => {
    server = await start()
  })
  test.after.always(() => server?.stop())
  return {
    serverUrl,
    async emptyDatabase(t) {
      const { url, drop } = await createDatabase(serverUrl())
      t.teardown(drop)
      return { url, client: await connect(t, url) }
    },
    async role() {
      const { name, password } = await createRole(serverUrl())
      const into = (databaseUrl: string) => Object.assign(new URL(databaseUrl), { username: name, password }).href
      return { name, into }
    },
  }
}

/** Connects until the test ends. */
export async function connect(t: ExecutionContext, database: string | pg.ClientConfig): Promise<pg.Client> {
  const client = new pg.Client(database)
  await client.connect()
  t.teardown(() => client.end())
  return client
}
