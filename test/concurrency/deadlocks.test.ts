// Four sessions at the same tasks, in different orders, dozens of times over: nobody deadlocks, and the books balance.
import test, { type ExecutionContext } from 'ava'
import { TaskClient, type TaskState } from 'kanthorq-tasks'
import { useDatabase } from '../support/database.ts'
import { times } from '../support/effort.ts'
import { runRound, type Round, type Track, type Transition } from '../support/rounds.ts'
import { fillTable, makeConsumer, taskTable } from '../support/scene.ts'
import { openSession } from '../support/sessions.ts'

const db = useDatabase(test)

const all: TaskState[] = [
  'discarded',
  'cancelled',
  'pending',
  'available',
  'running',
  'completed',
  'retryable',
]
const tables: { of: string; rows: number; states: TaskState[] }[] = [
  { of: 'a small table', rows: 200, states: ['available'] },
  { of: 'a large table', rows: 50_000, states: all },
  { of: 'a large table where next to all is completed', rows: 50_000, states: ['completed'] },
]

for (const [n, { of, rows, states }] of tables.entries()) {
  test.serial(`overlapping calls in opposite orders never deadlock in ${of}`, async (t) => {
    const consumer = await makeConsumer(db, `crowded_${n}`)
    const call: Transition = (session, transition, ids) =>
      new TaskClient(session)[transition](consumer, ids)
    const track = await makeTrack(t, consumer, rows, states)

    for (let number = 0; number < times(60); number++) {
      const round = await runRound(track, call, number)
      t.deepEqual(failures(round), [], `round ${number}`)
      t.deepEqual(mistakes(round), [], `round ${number}`)
      // From here on the planner knows what the tasks of a round look like.
      if (number < 3) await db.owner.query(`analyze ${track.table}`)
    }
  })
}

test.serial('calls that lock in the order of their ids as given do deadlock', async (t) => {
  const consumer = await makeConsumer(db, 'disorderly')
  const track = await makeTrack(t, consumer, 200, ['available'], 'owner')
  const call: Transition = async (session, _, ids) => {
    await session.query('begin')
    for (const id of ids) {
      await session.query(`update ${track.table} set updated_at = 0 where event_id = any ($1)`, [
        [id],
      ])
    }
    await session.query('commit')
    return { updated: ids, noop: [] }
  }
  t.true(failures(await runRound(track, call, 0)).includes('40P01'))
})

/** 200 tasks, evenly spread over the table, and four sessions. */
async function makeTrack(
  t: ExecutionContext,
  consumer: string,
  rows: number,
  states: TaskState[],
  as: 'owner' | 'pool' = 'pool',
): Promise<Track> {
  const filled = await fillTable(db, consumer, rows, states)
  const ids = filled.filter((_, n) => n % (rows / 200) === 0)
  const sessions = await Promise.all([0, 1, 2, 3].map(() => openSession(t, db[as])))
  return { owner: db.owner, table: await taskTable(db, consumer), ids, sessions }
}

/** The error codes of the calls that failed. */
function failures({ entries }: Round) {
  return entries
    .map(({ outcome }) => outcome)
    .filter((outcome) => outcome.status === 'rejected')
    .map(({ reason }) => (reason as { code?: string }).code ?? String(reason))
}

/**
 * What does not add up: a task that should have been cancelled, or resumed, and was not, or was by several; and what a
 * session was told of another task than those it asked for.
 */
function mistakes({ before, after, entries }: Round) {
  const wrong: string[] = []
  const done = { cancel: new Map<string, number>(), resume: new Map<string, number>() }
  const asked = { cancel: new Set<string>(), resume: new Set<string>() }
  for (const { transition, ids, outcome } of entries) {
    if (outcome.status === 'rejected') continue
    const { updated, noop } = outcome.value
    if ([...updated, ...noop].sort().join() !== ids.toSorted().join()) wrong.push('other ids')
    for (const id of ids) asked[transition].add(id)
    for (const id of updated) done[transition].set(id, (done[transition].get(id) ?? 0) + 1)
  }
  for (const [id, start] of before) {
    const cancelled = done.cancel.get(id) ?? 0
    const resumed = done.resume.get(id) ?? 0
    const end = resumed > 0 ? 'running' : cancelled > 0 ? 'cancelled' : start
    const fits =
      start === 'available' || start === 'retryable'
        ? cancelled === Number(asked.cancel.has(id)) && resumed <= cancelled
        : resumed === Number(asked.resume.has(id)) && cancelled === 0
    if (!fits || after.get(id) !== end) {
      wrong.push(
        `${id}: ${start}, cancelled ${cancelled}x, resumed ${resumed}x, ${after.get(id) ?? 'gone'}`,
      )
    }
  }
  return wrong
}
