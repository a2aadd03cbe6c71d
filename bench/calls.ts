import type pg from 'pg'
import { TaskClient, type FindOptions, type PulledTask, type TaskFilter, type TaskState } from 'kanthorq-tasks'
import { timed } from './measure.ts'
import { createdAt, type Tasks } from './tasks.ts'
import { claim } from './claim.ts'

/** A consumer with its tasks, and a session to make calls by. */
interface Scene {
  tasks: Tasks
  session: pg.Client
}

/** What is measured. */
interface Call {
  name: string
  /** About some tasks by id, a page of a find, or about all that a consumer has. */
  kind: 'ids' | 'page' | 'whole'
  /** What a call takes, without setting the scene and putting it back, and about how many tasks it is. */
  make: (scene: Scene) => Promise<{ ms: number; tasks: number }>
}

/** Each call of the growth part, once. */
export const calls: readonly Call[] = [
  byIds('cancel', 'available', async ({ session, tasks }, ids) => {
    return (await new TaskClient(session).cancel(tasks.consumer, ids)).updated
  }),
  byIds('resume', 'cancelled', async ({ session, tasks }, ids) => {
    return (await new TaskClient(session).resume(tasks.consumer, ids)).updated
  }),
  byIds('explain', 'available', async ({ session, tasks }, ids) => {
    const rows = await new TaskClient(session).explain(tasks.consumer, ids)
    return rows.map(({ eventId }) => eventId)
  }),
  {
    name: 'claim of a worker',
    kind: 'ids',
    async make({ session, tasks }) {
      const size = Math.min(someIds(tasks), 100)
      const first = await claim(session, tasks, 'running', size)
      const { ms, result } = await timed(() => claim(session, tasks, 'running', size))
      await tasks.putBack([...first, ...result], 'running')
      return { ms, tasks: result.length }
    },
  },
  reports('pull', async ({ session, tasks }) => {
    return (await new TaskClient(session).pull(tasks.consumer, { maxTasks: someIds(tasks) })).length
  }),
  reports('complete', async ({ session, tasks }, pulled) => {
    return (await new TaskClient(session).complete(tasks.consumer, pulled)).updated.length
  }),
  page('newest'),
  page('in the middle', {}, (middle) => ({ after: `event_0${middle.getTime().toString(16)}` })),
  page('states', { states: ['discarded'] }),
  page('subject', { subject: 'order.paid' }),
  page('subject, wildcard', { subject: 'order.>' }),
  page('states, subject', { states: ['available'], subject: 'email.*' }),
  page('metadata', { metadata: { customer: 'c42' } }),
  page('error', { error: 'mailbox 42 ' }),
  page('states, error', { states: ['discarded'], error: 'mailbox 42 ' }),
  page('created_after', (middle) => ({ createdAfter: middle })),
  page('created_before', (middle) => ({ createdBefore: middle })),
  page('finalized_after', (middle) => ({ finalizedAfter: middle })),
  page('states, finalized_after', (middle) => ({ states: ['discarded'], finalizedAfter: middle })),
  whole('errors', (client, { consumer }) => client.errors(consumer)),
  whole('errors of the newest 10,000', (client, { consumer }) => client.errors(consumer, {}, { maxTasks: 10_000 })),
  whole('history of an event', async (client, tasks) => client.history((await tasks.pick(1))[0] ?? '')),
  whole('missed events', (client, { consumer }) => client.missed(consumer, { since: createdAt(0) })),
  whole('stats', (client, { consumer }) => client.stats(consumer)),
  whole('stats, estimated', (client, { consumer }) => client.stats(consumer, { estimate: true })),
  whole('rates of the last hour', (client, { consumer }) => client.rates(consumer)),
  whole('list of consumers', (client) => client.consumers()),
  whole('hold and its end', async (client, { consumer }) => {
    await client.hold(consumer)
    await client.endHold(consumer)
  }),
  whole('purge of 1,000 tasks', (client, { consumer }) =>
    client.purgeTasks(consumer, new Date(), { maxTasks: 1000, batchSize: 1000 }),
  ),
]

/**
 * A call about 500 tasks in one state, or about as many as a small table can spare. One that is not timed comes first, by
 * which the session plans anew what vacuuming has made it forget.
 */
function byIds(name: string, state: TaskState, call: (scene: Scene, ids: string[]) => Promise<string[]>): Call {
  return {
    name,
    kind: 'ids',
    async make(scene) {
      const [first = '', ...ids] = await scene.tasks.pick(1 + someIds(scene.tasks), state)
      await call(scene, [first])
      const { ms, result } = await timed(() => call(scene, ids))
      if (result.length !== ids.length) throw new Error(`${name} of ${ids.length} tasks did ${result.length}`)
      await scene.tasks.putBack([first, ...ids], state)
      return { ms, tasks: ids.length }
    },
  }
}

/** What a worker does: pulls tasks, or reports on those that it has pulled. It is rolled back. */
function reports(name: string, call: (scene: Scene, pulled: PulledTask[]) => Promise<number>): Call {
  return {
    name,
    kind: 'ids',
    async make(scene) {
      const { session, tasks } = scene
      await session.query('begin')
      const pulled = name === 'pull' ? [] : await new TaskClient(session).pull(tasks.consumer, { maxTasks: someIds(tasks) })
      const { ms, result } = await timed(() => call(scene, pulled))
      await session.query('rollback')
      return { ms, tasks: result }
    },
  }
}

/** A call about a whole consumer. It is rolled back. */
function whole(name: string, call: (client: TaskClient, tasks: Tasks) => Promise<unknown>): Call {
  return {
    name,
    kind: 'whole',
    async make({ session, tasks }) {
      await session.query('begin')
      const { ms } = await timed(() => call(new TaskClient(session), tasks))
      await session.query('rollback')
      return { ms, tasks: tasks.filling.tasks }
    },
  }
}

/** In the table with the fewest of them one task of a hundred is in a given state. */
function someIds({ filling }: Tasks): number {
  return Math.max(Math.min(500, Math.floor(filling.tasks / 250)), 1)
}

/** One page of 100 tasks; filter and options may depend on when the task in the middle of the table was made. */
function page(
  name: string,
  filter: TaskFilter | ((middle: Date) => TaskFilter) = {},
  options: (middle: Date) => FindOptions = () => ({}),
): Call {
  return {
    name: `find: ${name}`,
    kind: 'page',
    async make({ session, tasks }) {
      const middle = createdAt(Math.floor(tasks.filling.tasks / 2))
      const { ms, result } = await timed(() =>
        new TaskClient(session).find(tasks.consumer, typeof filter === 'function' ? filter(middle) : filter, options(middle)),
      )
      return { ms, tasks: result.length }
    },
  }
}
