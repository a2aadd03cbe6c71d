import type { Tasks } from '../tasks.ts'
import { openSession, type Contender } from './contender.ts'
import { statements } from './statements.ts'

export const name = 'KanthorQ'

/** How many ids KanthorQ takes in a call. */
const idsInACall = 500

/** KanthorQ's own statement, with a list of at most 500 ids; for more, one call after the other. */
export async function kanthorq(url: string, tasks: Tasks): Promise<Contender> {
  const session = await openSession(url)
  const [cancel, resume] = statements(tasks)
  return {
    name,
    store: tasks,
    async call(action, ids) {
      const { kanthorq, states } = action === 'cancel' ? cancel : resume
      let moved = 0
      for (let start = 0; start < ids.length; start += idsInACall) {
        const some = ids.slice(start, start + idsInACall)
        const list = some.map((_, index) => `$${index + 2}`).join(', ')
        const { rowCount } = await session.query({
          name: `${action} ${some.length}`,
          text: `update ${tasks.table} set ${kanthorq}
            where event_id in (${list}) and ${states} returning event_id`,
          values: [action === 'cancel' ? Date.now() : 0, ...some],
        })
        moved += rowCount ?? 0
      }
      return moved
    },
    close: () => session.end(),
  }
}
