import type pg from 'pg'
import type { TaskState } from 'kanthorq-tasks'
import type { TestDatabase } from './database.ts'

/** What KanthorQ's pullers do: the retry puller with `retryable`, the visibility puller with `running`. Returns the ids. */
export async function claim(
  db: TestDatabase,
  consumer: string,
  from: TaskState,
  session: Pick<pg.ClientBase, 'query'> = db.owner,
): Promise<string[]> {
  const { rows } = await session.query<{ id: string }>('select test.pull($1, $2) as id', [consumer, from])
  return rows.map(({ id }) => id)
}

/**
 * What KanthorQ's primary puller does with a consumer that wants every event: one transaction that locks the registry row, reads the
 * events after its cursor, moves the cursor to the last of them, and makes their tasks. It writes the cursor only if it has moved.
 *
 * @returns the ids of the new tasks; undefined if another puller has the row
 */
export async function pullNew(db: TestDatabase, consumer: string, session?: pg.PoolClient): Promise<string[] | undefined> {
  const client = session ?? (await db.owner.connect())
  try {
    await client.query('begin')
    const { rows } = await client.query<{ id: string; stream: string; cursor: string; timeout: string }>(
      `select id, stream_id as stream, cursor, visibility_timeout as timeout
       from kanthorq_consumer_registry where name = $1 for update skip locked`,
      [consumer],
    )
    const [registry] = rows
    if (registry === undefined) return undefined
    const read = await client.query<{ id: string }>(
      `select id, subject from kanthorq_${registry.stream} where id > $1 order by id limit 100`,
      [registry.cursor],
    )
    const ids = read.rows.map(({ id }) => id)
    if (ids.length > 0)
      await client.query('update kanthorq_consumer_registry set cursor = $2 where name = $1', [consumer, ids.at(-1)])
    const made = await client.query<{ id: string }>(
      `insert into kanthorq_${registry.id} (event_id, subject, state, schedule_at, metadata)
       select id, subject, 2::smallint, $2, metadata from kanthorq_${registry.stream} where id = any ($1)
       on conflict (event_id) do nothing returning event_id as id`,
      [ids, Date.now() + Number(registry.timeout)],
    )
    return made.rows.map(({ id }) => id)
  } finally {
    await client.query('commit')
    if (session === undefined) client.release()
  }
}
