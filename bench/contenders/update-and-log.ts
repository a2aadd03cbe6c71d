import type { Tasks } from '../tasks.ts'
import { openSession, type Contender } from './contender.ts'
import { statements, type Statement } from './statements.ts'

export const name = 'UPDATE and log'

/** The bare UPDATE, and in the same statement the row that our functions write into the log. */
export async function updateAndLog(url: string, tasks: Tasks): Promise<Contender> {
  const session = await openSession(url)
  const { rows } = await session.query<{ modern: boolean }>(
    "select current_setting('server_version_num')::integer >= 180000 as modern",
  )
  const move = rows[0]?.modern === true ? moveAtOnce : lockAndMove
  const [cancel, resume] = statements(tasks)
  return {
    name,
    store: tasks,
    async call(action, ids) {
      const { rowCount } = await session.query({
        name: action,
        text: withLog(tasks, action === 'cancel' ? cancel : resume, move),
        values: [Date.now(), ids],
      })
      return rowCount ?? 0
    },
    close: () => session.end(),
  }
}

function withLog(tasks: Tasks, statement: Statement, move: typeof moveAtOnce): string {
  const { action, logged } = statement
  return `
    with ${move(tasks, statement)},
    log as (
      insert into kanthorq_task_operation (at, transaction_id, action, consumer, actor, event_ids,
        ${logged.map((column) => `from_${column}`).join(', ')})
      select clock_timestamp(), pg_current_xact_id(), '${action}', '${tasks.consumer}', session_user,
        array_agg(event_id::text), ${logged.map((column) => `array_agg(${column})`).join(', ')}
      from moved
    )
    select event_id from moved`
}

/** From PostgreSQL 18 on, RETURNING tells what a row was. */
function moveAtOnce({ table }: Tasks, { assignments, statesByKey, logged }: Statement): string {
  return `
    moved as (
      update ${table} set ${assignments} where event_id = any ($2) and ${statesByKey}
      returning event_id, ${logged.map((column) => `old.${column}`).join(', ')}
    )`
}

/** Before, it has to be read from the rows once they are locked. */
function lockAndMove({ table }: Tasks, { assignments, statesByKey, logged }: Statement): string {
  return `
    was as (
      select event_id, ${logged.join(', ')} from ${table} where event_id = any ($2) and ${statesByKey} for no key update
    ), moved as (
      update ${table} t set ${assignments.replace('least(', 'least(t.')} from was where t.event_id = was.event_id
      returning t.event_id, ${logged.map((column) => `was.${column}`).join(', ')}
    )`
}
