import type { Tasks } from '../tasks.ts'
import { openSession, processOf, type SingleSession } from './contender.ts'

export const name = 'kanthorq-tasks'

/** The stored functions, called by a prepared statement. */
export async function kanthorqTasks(url: string, tasks: Tasks): Promise<SingleSession> {
  const session = await openSession(url)
  return {
    name,
    pid: await processOf(session),
    store: tasks,
    async call(action, ids) {
      const { rows } = await session.query<{ updated: string[] }>({
        name: action,
        text: `select updated, noop from kanthorq_task_${action}($1, $2)`,
        values: [tasks.consumer, ids],
      })
      return rows[0]?.updated.length ?? 0
    },
    close: () => session.end(),
  }
}
