import { readFileSync } from 'node:fs'
import { createRole } from '../../scripts/throwaway-database.ts'
import type { TestDatabase } from '../support/database.ts'
import { only } from '../support/scene.ts'
import type { Arguments } from './routines.ts'

/** What a call has done. */
export interface Outcome {
  /** The tables that have changed, `new` before those that were not there, and `grants` where those have changed. */
  changed: string[]
  /** The tasks of `send_email` that have changed. */
  moved: string[]
  /** The tasks of new operations in the log. */
  logged: string[]
}

/** A database with a bit of everything (hostile.sql). */
export interface HostileScene {
  /** Ids of tasks in every state, of an event without a task, and one of no event. */
  ids: readonly string[]
  /** Values by parameter with which functions do something to these tasks. */
  values: Arguments
  /** Says what a call has done, and puts it back. */
  outcome: () => Promise<Outcome>
}

/** Sets the scene, in a database where nobody else is at work. */
export async function setScene(db: TestDatabase): Promise<HostileScene> {
  await db.owner.query(readFileSync(new URL('./hostile.sql', import.meta.url), 'utf8'))
  const { ids, operation } = only(
    await db.owner.query<{ ids: string[]; operation: string }>(
      'select array(select id from hostile.id order by id) as ids, (select id from kanthorq_task_operation) as operation',
    ),
  )
  const { name: role } = await createRole(db.ownerUrl)
  return {
    ids,
    values: {
      errors: `'{${ids.map(() => 'x').join()}}'`,
      event_id: `'${ids[0] ?? ''}'`,
      event_ids: `'{${ids.join()}}'`,
      bulk_id: operation,
      operation_id: operation,
      role: `'${role}'`,
    },
    outcome: async () => only(await db.owner.query<Outcome>('select * from hostile.outcome($1)', [role])),
  }
}
