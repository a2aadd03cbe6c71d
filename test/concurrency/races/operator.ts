import type pg from 'pg'
import { TaskClient, type Operation, type TransitionResult } from 'kanthorq-tasks'
import type { Race } from './race.ts'
import type { Random } from '../../support/random.ts'

/**
 * Cancels, resumes and discards tasks, and undoes what somebody did, each in a transaction that now and then is rolled
 * back.
 */
export async function runOperator(
  race: Race,
  session: pg.PoolClient,
  random: Random,
  name: string,
): Promise<void> {
  const tasks = new TaskClient(session)
  for (let n = 1; race.goesOn(); n++) {
    const reason = `operator ${name}, call ${n}`
    const { asked, eligible, call } = await chooseCall(race, tasks, random, reason)
    const end = random.oneOf(10) ? 'rollback' : 'commit'
    const { updated, noop } = await transact(race, session, call, end)
    if ([...updated, ...noop].sort().join() !== asked.toSorted().join())
      throw new Error(`${reason}: it was told of other tasks than it had asked for`)
    const kept = end === 'commit' ? updated : []
    race.calls.push({ reason, operations: Math.min(kept.length, 1), updated: kept })
    race.late += noop.filter((id) => eligible.has(id)).length
  }
}

interface ChosenCall {
  asked: string[]
  /** Those that it could move just now. */
  eligible: Set<string>
  call: () => Promise<TransitionResult>
}

const transitions = {
  cancel: { can: 'canCancel', to: 'cancelled' },
  resume: { can: 'canResume', to: 'running' },
  discard: { can: 'canDiscard', to: 'discarded' },
} as const

async function chooseCall(
  { consumer, ids }: Race,
  tasks: TaskClient,
  random: Random,
  reason: string,
): Promise<ChosenCall> {
  if (random.oneOf(4)) {
    const operations = await tasks.operations(consumer, { maxOperations: 40 })
    const operation = random.pick<Operation | undefined>(operations)
    if (operation !== undefined) {
      const call = () => tasks.undo(operation, { reason })
      return { asked: operation.eventIds, eligible: new Set(), call }
    }
  }
  const action = random.pick(['cancel', 'resume', 'discard'] as const)
  const { can, to } = transitions[action]
  const asked = random.some(ids, 100)
  const options = { reason, resetAttempts: random.oneOf(2) }
  const explained = await tasks.explain(consumer, asked)
  const eligible = new Set(explained.filter((task) => task[can]).map(({ eventId }) => eventId))
  const call = async () => {
    const result = await tasks[action](consumer, asked, options)
    // Looks at what it did before it commits. Until then, nobody else can have moved these tasks.
    for (const { eventId, state } of await tasks.explain(consumer, result.updated)) {
      if (state !== to) throw new Error(`${reason}: ${eventId} is not ${to} but ${state ?? 'gone'}`)
    }
    return result
  }
  return { asked, eligible, call }
}

/** Makes the call in a transaction, and again as long as that can't be serialized. */
async function transact(
  race: Race,
  session: pg.PoolClient,
  call: () => Promise<TransitionResult>,
  end: 'commit' | 'rollback',
): Promise<TransitionResult> {
  for (;;) {
    try {
      await session.query(`begin ${race.isolation ? `isolation level ${race.isolation}` : ''}`)
      const result = await call()
      await session.query(end)
      return result
    } catch (error) {
      await session.query('rollback')
      if (!isSerializationFailure(error)) throw error
      race.retries += 1
    }
  }
}

export function isSerializationFailure(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '40001'
}
