import { readFileSync } from 'node:fs'
import { createRole } from '../../scripts/throwaway-database.ts'
import type { TestDatabase } from '../support/database.ts'
import { only } from '../support/scene.ts'
import { argumentsFor, usualValues, type Arguments, type Routine } from './hostile-calls.ts'

/** A database with a bit of everything (hostile.sql), that can be put back to how it was. */
export interface HostileScene {
  /** Ids of tasks by kind: a state, `stuck`, or `undoable`, which is to say cancelled by the one operation of the log. */
  tasks: Readonly<Record<string, readonly string[]>>
  /** An event that there is no task of. */
  event: string
  /** What a routine needs so that it does something. */
  validArguments: (routine: Routine) => Arguments
  /** That, and a filter, a reason and whatever else it takes. */
  fullArguments: (routine: Routine) => Arguments
  /** What is not as it was: names of tables; `tables` where there is another, `grants` where those have changed. */
  changes: () => Promise<string[]>
  /** Puts these parts back. */
  restore: (changed: readonly string[]) => Promise<void>
}

/** Sets the scene, in a database where nobody else is at work. */
export async function setScene(db: TestDatabase): Promise<HostileScene> {
  await db.owner.query(readFileSync(new URL('./hostile.sql', import.meta.url), 'utf8'))
  const { tasks, event, operation } = only(
    await db.owner.query<{ tasks: HostileScene['tasks']; event: string; operation: string }>(
      `select (select json_object_agg(k.kind, k.ids) from (
           select kind, json_agg(id order by id) as ids from hostile.task group by kind
         ) k) as tasks,
         (select id from hostile.event) as event, (select id from kanthorq_task_operation) as operation`,
    ),
  )
  // Its name is put into SQL text.
  const { name: role } = await createRole(db.ownerUrl)
  const ids = [...Object.values(tasks).flat(), event, 'event_unknown']
  const values: Arguments = {
    ...usualValues,
    event_ids: `'{${ids.join()}}'`,
    bulk_id: operation,
    operation_id: operation,
    role: `'${role}'`,
  }
  const more: Arguments = {
    created_after: "'1970-01-01Z'",
    created_before: "'2100-01-01Z'",
    error: "'refused'",
    metadata: `'{"customer": "42"}'`,
    pause: "'1 millisecond'",
    reason: "'why'",
    schedule_at: "'2100-01-01Z'",
    spread: "'1 hour'",
  }
  const look = async () =>
    only(await db.owner.query<Record<string, string>>('select * from hostile.look'))
  const untouched = await look()
  return {
    tasks,
    event,
    validArguments: (routine) => argumentsFor(routine, values),
    fullArguments: (routine) => {
      const filtering = routine.parameters.some(({ name }) => name === 'states')
      return argumentsFor(routine, values, filtering ? { ...more, subject: "'order-eu.*'" } : more)
    },
    changes: async () => {
      const now = await look()
      return Object.keys(untouched).filter((part) => now[part] !== untouched[part])
    },
    restore: async (changed) => {
      await db.owner.query('select hostile.restore($1, $2)', [changed, role])
    },
  }
}
