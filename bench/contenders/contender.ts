import pg from 'pg'

/** Where contenders take tasks from, and where these are put back outside of what is timed. */
export interface Store {
  /** Ids of that many tasks that can be cancelled, in random order. */
  pick(count: number): Promise<string[]>
  /** Makes them what they were, and vacuums. */
  putBack(ids: readonly string[]): Promise<void>
}

/** The two transitions. */
export const actions = ['cancel', 'resume'] as const

/** One of them. */
export type Action = (typeof actions)[number]

/** A contender that has one session only, and the process of the server that serves it. */
export interface SingleSession extends Contender {
  readonly pid: number
}

/** One way to cancel and resume tasks, by a session of its own. */
export interface Contender {
  readonly name: string
  readonly store: Store
  /** Moves the tasks and commits; returns how many it moved. Resume is asked for tasks that it has cancelled. */
  call(action: Action, ids: readonly string[]): Promise<number>
  close(): Promise<void>
}

/** The process of the server that serves a session. */
export async function processOf(session: pg.ClientBase): Promise<number> {
  const { rows } = await session.query<{ pid: number }>('select pg_backend_pid() as pid')
  return rows[0]?.pid ?? 0
}

/** A session of node-postgres, which prepares each statement that has a name once. */
export async function openSession(url: string, options: pg.ClientConfig = {}): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, ...options })
  await client.connect()
  return client
}
