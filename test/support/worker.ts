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
