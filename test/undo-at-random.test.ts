// A few hundred steps at random: calls, undos, and workers between them. After each, the log has to explain what changed.
import { randomInt } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import test from 'ava'
import type { TransitionResult } from 'kanthorq-tasks'
import { loggedOperations, type LoggedOperation } from './support/bulk.ts'
import { useDatabase } from './support/database.ts'
import {
  makeConsumer,
  makeTasks,
  only,
  storedTasks,
  taskTable,
  type StoredTask,
} from './support/scene.ts'

const db = useDatabase(test)

const states = ['discarded', 'cancelled', 'available', 'running', 'retryable'] as const
const steps = 400
const calls = ['cancel', 'resume', 'discard', 'undo', 'undo'] as const
const workers = ['pull', 'fail', 'wait'] as const

type Tasks = Map<string, StoredTask>

/** An operation, and what its tasks were before and after it. */
interface Operation extends LoggedOperation {
  before: Tasks
  after: Tasks
}

test('an undo puts back exactly the tasks that are as its operation left them', async (t) => {
  // To see a failure again, set it to what was printed.
  const seed = Number(process.env['KANTHORQ_TEST_SEED'] ?? randomInt(2 ** 31))
  t.log(`KANTHORQ_TEST_SEED=${seed}`)
  const random = generator(seed)
  const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)] as T

  const consumer = await makeConsumer(db, 'send_email')
  const table = await taskTable(db, consumer)
  const kinds = Array.from({ length: 4 }, () => states).flat()
  const ids = await makeTasks(db, consumer, kinds)
  const operations: Operation[] = []
  let undone = 0
  let left = 0

  for (let step = 1; step <= steps; step++) {
    const doing = pick(random() < 0.7 ? calls : workers)
    const some = ids.filter(() => random() < 0.3)
    const undoes = doing === 'undo' ? pick<Operation | undefined>(operations.slice(-12)) : undefined
    const where = `step ${step}, ${doing}, seed ${seed}`
    const before = await storedTasks(db, consumer)
    const result = await act(doing, some, undoes)
    const after = await storedTasks(db, consumer)
    const changed = ids.filter((id) => !same(before.get(id), after.get(id)))
    const logged = (await loggedOperations(db, consumer)).slice(operations.length)

    if (result === undefined) {
      t.deepEqual(logged, [], where)
      continue
    }
    // The log has what changed, neither more nor less, and what it was.
    t.deepEqual(result.updated.toSorted(), changed, where)
    t.deepEqual(
      [...result.updated, ...result.noop].sort(),
      (undoes?.event_ids ?? some).toSorted(),
      where,
    )
    t.is(logged.length, changed.length > 0 ? 1 : 0, where)
    for (const operation of logged) {
      t.deepEqual(operation.event_ids.toSorted(), changed, where)
      t.deepEqual(
        operation.from_states,
        operation.event_ids.map((id) => before.get(id)?.state),
        where,
      )
      t.is(operation.undoes, undoes?.id ?? null, where)
      operations.push({ ...operation, before, after })
    }
    if (undoes !== undefined) {
      const untouched = undoes.event_ids.filter((id) => same(before.get(id), undoes.after.get(id)))
      t.deepEqual(changed, untouched.toSorted(), where)
      for (const id of untouched) t.deepEqual(after.get(id), undoes.before.get(id), where)
      undone += untouched.length
      left += undoes.event_ids.length - untouched.length
    }
  }
  // Of both kinds, enough to have tried it.
  t.true(undone > 20 && left > 20, `${undone} undone, ${left} left alone, seed ${seed}`)

  /** What a call reports; undefined for what is not a call of ours. */
  async function act(
    doing: (typeof calls | typeof workers)[number],
    some: string[],
    undoes?: Operation,
  ): Promise<TransitionResult | undefined> {
    await db.owner.query(nextMillisecond)
    switch (doing) {
      case 'pull':
        await db.owner.query('select test.pull($1)', [consumer])
        return undefined
      case 'fail':
        await db.owner.query('select test.fail($1, id) from unnest($2::text[]) id', [
          consumer,
          some,
        ])
        return undefined
      case 'wait':
        await wait()
        return undefined
      case 'undo':
        if (undoes === undefined) return undefined
        return call('kanthorq_task_undo($1)', [undoes.id])
      case 'resume':
        return call('kanthorq_task_resume($1, $2, schedule_at => $3, reset_attempts => $4)', [
          consumer,
          some,
          new Date(random() < 0.5 ? 1000 : 4e12),
          random() < 0.2,
        ])
      default:
        return call(`kanthorq_task_${doing}($1, $2)`, [consumer, some])
    }
  }

  async function call(text: string, values: unknown[]) {
    return only(await db.pool.query<TransitionResult>(`select updated, noop from ${text}`, values))
  }

  /** Time passes, until all running tasks are due. For undo that is no change: the tasks move with the time. */
  async function wait() {
    const before = await storedTasks(db, consumer)
    await db.owner.query(
      `update ${table} set schedule_at = 1 where state = _kanthorq_task_state('running')`,
    )
    for (const [id, task] of before) {
      if (task.state !== 'running') continue
      for (const operation of operations) {
        if (same(operation.after.get(id), task))
          operation.after.set(id, { ...task, schedule_at: 1 })
      }
    }
  }
})

/** Without it, what two calls leave behind could be the same. */
const nextMillisecond = `do $$
  declare
    v_at timestamptz := clock_timestamp();
  begin
    while date_trunc('milliseconds', clock_timestamp()) <= v_at loop
    end loop;
  end
$$`

function same(one: StoredTask | undefined, other: StoredTask | undefined): boolean {
  return isDeepStrictEqual(one, other)
}

/** Numbers from 0 to 1 that the seed determines (mulberry32). */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
