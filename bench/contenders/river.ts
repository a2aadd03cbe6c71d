import type { Tasks } from '../tasks.ts'
import { openSession, type Contender } from './contender.ts'
import { statements, type Statement } from './statements.ts'

export const name = "River's shape"

/** A prepared UPDATE for each id, all of them in one transaction and one round trip: how River's client cancels jobs. */
export async function riversShape(url: string, tasks: Tasks): Promise<Contender> {
  const session = await openSession(url, { pipeline: true })
  const [cancel, resume] = statements(tasks)
  const move = ({ action, assignments, states }: Statement, id: string) =>
    session.query({
      name: action,
      text: `update ${tasks.table} set ${assignments} where event_id = $2 and ${states} returning event_id`,
      values: [Date.now(), id],
    })
  // A statement has to be prepared before a second one can be sent after it.
  await move(cancel, '')
  await move(resume, '')
  return {
    name,
    store: tasks,
    async call(action, ids) {
      const statement = action === 'cancel' ? cancel : resume
      const sent = await Promise.all([
        session.query('begin'),
        ...ids.map((id) => move(statement, id)),
        session.query('commit'),
      ])
      return sent.reduce((sum, { rowCount }) => sum + (rowCount ?? 0), 0)
    },
    close: () => session.end(),
  }
}
