import type { Tasks } from '../tasks.ts'
import { openSession, processOf, type SingleSession } from './contender.ts'
import { statements } from './statements.ts'

export const name = 'bare UPDATE'

/** The least that PostgreSQL can do: one prepared UPDATE that writes what our functions write, and returns the ids. */
export async function bareUpdate(url: string, tasks: Tasks): Promise<SingleSession> {
  const session = await openSession(url)
  const [cancel, resume] = statements(tasks)
  return {
    name,
    pid: await processOf(session),
    store: tasks,
    async call(action, ids) {
      const { assignments, statesByKey } = action === 'cancel' ? cancel : resume
      const { rowCount } = await session.query({
        name: action,
        text: `update ${tasks.table} set ${assignments} where event_id = any ($2) and ${statesByKey} returning event_id`,
        values: [Date.now(), ids],
      })
      return rowCount ?? 0
    },
    close: () => session.end(),
  }
}
