// The contenders that work on KanthorQ's own table, each by prepared statements of a session of its own.
import pg from 'pg'
import type { Tasks } from '../tasks.ts'
import type { Action, Contender } from './contender.ts'

/** Our functions, in results. */
export const ours = 'kanthorq-tasks'

/** What all are compared with, in results. */
export const bare = 'bare UPDATE'

type Call = Contender['call']

/** How each one moves tasks. */
const ways: Readonly<Record<string, (session: pg.Client, tasks: Tasks) => Call>> = {
  /** The least that PostgreSQL can do: one UPDATE that writes what our functions write, and returns the ids. */
  [bare]: (session, tasks) => (action, ids) => {
    const { assignments, statesByKey } = statement(action, tasks)
    const text = `update ${tasks.table} t set ${assignments}
      where event_id = any ($2) and ${statesByKey} returning event_id`
    return rowCount(session, { name: action, text, values: [Date.now(), ids] })
  },

  /** The stored functions. */
  [ours]: (session, tasks) => async (action, ids) => {
    const { rows } = await session.query<{ updated: string[] }>({
      name: action,
      text: `select updated, noop from kanthorq_task_${action}($1, $2)`,
      values: [tasks.consumer, ids],
    })
    return rows[0]?.updated.length ?? 0
  },

  /** The bare UPDATE, and in the same statement the row that our functions write into the log. */
  'UPDATE and log': (session, tasks) => (action, ids) => {
    const text = withLog(action, tasks)
    return rowCount(session, { name: action, text, values: [Date.now(), ids] })
  },

  /** KanthorQ's own statement, with a list of at most 500 ids; for more, one call after the other. */
  KanthorQ: (session, tasks) => async (action, ids) => {
    const { kanthorq, states } = statement(action, tasks)
    let moved = 0
    for (let start = 0; start < ids.length; start += 500) {
      const some = ids.slice(start, start + 500)
      const list = some.map((_, index) => `$${index + 2}`).join(', ')
      moved += await rowCount(session, {
        name: `${action} ${some.length}`,
        text: `update ${tasks.table} t set ${kanthorq}
          where event_id in (${list}) and ${states} returning event_id`,
        values: [action === 'cancel' ? Date.now() : 0, ...some],
      })
    }
    return moved
  },

  /** An UPDATE for each id, all of them in one transaction and one round trip: how River's client cancels jobs. */
  "River's shape": (session, tasks) => {
    const prepared = new Set<Action>()
    return async (action, ids) => {
      const { assignments, states } = statement(action, tasks)
      const text = `update ${tasks.table} t set ${assignments}
        where event_id = $2 and ${states} returning event_id`
      const move = (id: string) => rowCount(session, { name: action, text, values: [Date.now(), id] })
      // A statement has to be prepared before a second one can be sent after it.
      if (!prepared.has(action)) await move('')
      prepared.add(action)
      const begun = session.query('begin')
      const moved = Promise.all(ids.map(move))
      await Promise.all([begun, moved, session.query('commit')])
      return (await moved).reduce((sum, each) => sum + each, 0)
    }
  },
}

/** The names of these contenders. */
export const onKanthorq = Object.keys(ways)

/** One of them, on a table of tasks, and the process of the server that serves it. */
export async function openContender(name: string, url: string, tasks: Tasks) {
  const session = new pg.Client({ connectionString: url, pipeline: name === "River's shape" })
  await session.connect()
  const { rows } = await session.query<{ pid: number }>('select pg_backend_pid() as pid')
  const call = ways[name]?.(session, tasks)
  if (call === undefined) throw new Error(`there is no contender ${name}`)
  return { name, store: tasks, call, close: () => session.end(), pid: rows[0]?.pid ?? 0 }
}

async function rowCount(session: pg.Client, query: pg.QueryConfig): Promise<number> {
  return (await session.query(query)).rowCount ?? 0
}

/** What an UPDATE of an action is made of. Its `$1` is now, in epoch milliseconds. */
export function statement(action: Action, { codes }: Tasks) {
  const [from, kanthorq, assignments] =
    action === 'cancel'
      ? ([
          [codes.pending, codes.available, codes.retryable],
          `state = ${codes.cancelled}, finalized_at = $1`,
          `state = ${codes.cancelled}, finalized_at = $1, updated_at = $1`,
        ] as const)
      : ([
          [codes.discarded, codes.cancelled],
          `state = ${codes.running}, finalized_at = $1`,
          `state = ${codes.running}, finalized_at = 0, schedule_at = $1, updated_at = $1,
           attempt_count = least(t.attempt_count, 15)`,
        ] as const)
  return {
    /** What KanthorQ assigns; for resume, which knows no times, `$1` is 0. */
    kanthorq,
    /** What our functions assign to a table that is called t. */
    assignments,
    /** Which states it takes, as KanthorQ says it. */
    states: `state in (${from.join(', ')})`,
    /** The same, but so that no index on the state can serve: what goes by id should go by the table's key. */
    statesByKey: `state::integer in (${from.join(', ')})`,
  }
}

/** The columns that the log keeps, as they were and as they are. */
const logged = ['state', 'schedule_at', 'finalized_at', 'attempt_count', 'updated_at']

function withLog(action: Action, tasks: Tasks): string {
  const { assignments, statesByKey } = statement(action, tasks)
  const columnsOf = (alias: string) => logged.map((column) => `${alias}.${column}`).join(', ')
  return `
    with was as (
      select event_id, ${logged.join(', ')} from ${tasks.table}
      where event_id = any ($2) and ${statesByKey} for no key update
    ), moved as (
      update ${tasks.table} t set ${assignments} from was where t.event_id = was.event_id
      returning t.event_id, (t.event_id, ${columnsOf('was')}, ${columnsOf('t')})::kanthorq_task_change as change
    ), log as (
      insert into kanthorq_task_operation (at, action, consumer, tasks, from_states, first_event_id, last_event_id, changes)
      select clock_timestamp(), '${action}', '${tasks.consumer}', count(*), '{}', min(event_id), max(event_id),
        array_agg(change)
      from moved
    )
    select event_id from moved`
}
