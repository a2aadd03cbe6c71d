import type { TaskState } from 'kanthorq-tasks'
import type { KillableDatabase } from './database.ts'
import { only, taskTable } from '../support/scene.ts'

/** How the tasks of a consumer were before any operation: their state, and the transaction that wrote them. */
export interface Origin {
  state: TaskState
  writer: string
}

/** Reads which transaction has written all tasks of the consumer. */
export async function writerOf(db: KillableDatabase, consumer: string): Promise<string> {
  return only(
    await db.owner.query<{ xmin: string }>(
      `select distinct xmin::text from ${await taskTable(db, consumer)}`,
    ),
  ).xmin
}

/**
 * Compares the tasks of a consumer with its log. Returns what does not fit:
 *
 * - a task that is not as the last operation on it says, or that the transaction of that operation did not write;
 * - a task that has changed without an operation, and an operation on a task that is not there;
 * - an operation on a task that was in another state than the operation before it left it in.
 *
 * Transactions are told apart by xmin, so that tasks and log agree only if one and the same transaction wrote both.
 */
export async function disagreements(
  db: KillableDatabase,
  consumer: string,
  origin: Origin,
): Promise<unknown[]> {
  const { rows } = await db.owner.query<object>(
    `with entry as (
       select
         o.id as operation, e.event_id, e.from_state, o.transaction_id::text::numeric % 2::numeric ^ 32 as writer,
         coalesce(e.to_state, _kanthorq_task_state(
           case o.action when 'cancel' then 'cancelled' when 'resume' then 'running' when 'discard' then 'discarded' end
         )) as to_state,
         coalesce(e.to_updated_at, extract(epoch from o.at) * 1000) as updated_at
       from kanthorq_task_operation o
       cross join unnest(o.event_ids, o.from_state, o.to_state, o.to_updated_at)
         e (event_id, from_state, to_state, to_updated_at)
       where o.consumer = $1
     ), history as (
       select entry.*,
         lag(to_state, 1, _kanthorq_task_state($2)) over tasks as was, lead(operation) over tasks is null as last
       from entry window tasks as (partition by event_id order by operation)
     )
     select 'broken chain' as fault, event_id, operation, from_state, was from history where from_state <> was
     union all
     select 'not as logged', coalesce(t.event_id, h.event_id), h.operation, t.state, h.to_state
     from ${await taskTable(db, consumer)} t
     full join (select * from history where last) h on h.event_id = t.event_id
     where (t.state, t.xmin::text::numeric, t.updated_at) is distinct from (
       coalesce(h.to_state, _kanthorq_task_state($2)), coalesce(h.writer, $3::numeric), coalesce(h.updated_at, t.updated_at)
     )
     limit 10`,
    [consumer, origin.state, origin.writer],
  )
  return rows
}

/** How many tasks each operation of a session moved, in the order in which it made them. */
export async function loggedBy(db: KillableDatabase, session: string): Promise<number[]> {
  const { rows } = await db.owner.query<{ tasks: number }>(
    `select cardinality(event_ids) as tasks from kanthorq_task_operation
     where application_name = $1 order by id`,
    [session],
  )
  return rows.map(({ tasks }) => tasks)
}

/** Locks that anybody else has: a task that is locked shows by the transaction that locked it. */
export async function heldLocks(db: KillableDatabase): Promise<unknown[]> {
  const { rows } = await db.owner.query<object>(
    `select l.pid, l.locktype, l.mode from pg_locks l left join pg_stat_activity a using (pid)
     where pid is distinct from pg_backend_pid() and (a.backend_type is null or a.backend_type = 'client backend')`,
  )
  return rows
}
