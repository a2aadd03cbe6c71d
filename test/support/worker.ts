import type pg from 'pg'
import type { TaskState } from 'kanthorq-tasks'
import type { TestDatabase } from './database.ts'
import { taskTable } from './scene.ts'

/**
 * What KanthorQ's pullers do: the retry puller with `retryable`, the visibility puller with `running`. Takes the tasks
 * that are due and have attempts left, counts the attempt, and pushes the next one out. Returns the ids that it took.
 */
export async function claim(
  db: TestDatabase,
  consumer: string,
  from: TaskState,
  session: Pick<pg.ClientBase, 'query'> = db.owner,
): Promise<string[]> {
  const table = await taskTable(db, consumer)
  const { rows } = await session.query<{ event_id: string }>(
    `with consumer as (select attempt_max, visibility_timeout from kanthorq_consumer_registry where name = $1),
     clock as (select extract(epoch from clock_timestamp()) * 1000 as now),
     ready as (
       select t.event_id from ${table} t
       where t.state = _kanthorq_task_state($2)
         and t.attempt_count <= (select attempt_max from consumer)
         and t.schedule_at < (select now from clock)
       order by t.state, t.schedule_at limit 100 for update skip locked
     )
     update ${table} t
     set state = _kanthorq_task_state('running'), attempt_count = t.attempt_count + 1, attempted_at = clock.now,
       schedule_at = clock.now + consumer.visibility_timeout + (t.attempt_count + 1)::numeric ^ 4 * 1000
     from ready, consumer, clock
     where ready.event_id = t.event_id
     returning t.event_id`,
    [consumer, from],
  )
  return rows.map((row) => row.event_id)
}
