import type pg from 'pg'
import type { TaskState } from 'kanthorq-tasks'
import { fillTable, makeConsumer, only, taskTable } from '../support/scene.ts'
import type { Random } from '../support/random.ts'
import type { KillableDatabase } from './database.ts'
import { writerOf, type Origin } from './ledger.ts'

/** A consumer, and the tasks that it begins with. */
export interface Field {
  kind: Kind
  consumer: string
  ids: string[]
  origin: Origin
}

/** Makes the n-th call of a job, a transaction of its own, and returns how many tasks it was told of. */
export type Step = (
  session: pg.ClientBase,
  field: Field,
  n: number,
  random: Random,
) => Promise<number>

export const batchSize = 10

/** The procedures; calls for thousands of ids; undoing those; two sessions that get in each other's way. */
export type Kind = 'cancel_all' | 'resume_all' | 'discard_all' | 'by_id' | 'undo' | 'shared'

export interface Plan {
  /** What the tasks are at first, and how many. */
  from: TaskState
  size: number
  /** How many sessions work at it; one by default. */
  sessions?: number
  /** What it does again and again; without it, it calls the procedure of its name. */
  step?: Step
}

export const plans: Record<Kind, Plan> = {
  cancel_all: { from: 'available', size: 200 },
  resume_all: { from: 'discarded', size: 200 },
  discard_all: { from: 'running', size: 200 },
  by_id: { from: 'retryable', size: 2000, step: byId },
  undo: { from: 'cancelled', size: 2000, step: undo },
  shared: { from: 'pending', size: 100, sessions: 2, step: shared },
}

export const allKinds = Object.keys(plans) as Kind[]
/** Whether it is done batch by batch. */
export const isBulk = (kind: Kind) => plans[kind].step === undefined

/** Registers a consumer for a job, with tasks that it can move: running ones are stuck. */
export async function makeField(db: KillableDatabase, kind: Kind, name: string): Promise<Field> {
  const { from, size } = plans[kind]
  const consumer = await makeConsumer(db, `${name}_${kind}`)
  const ids = await fillTable(db, consumer, size, [from])
  if (from === 'running') {
    const table = await taskTable(db, consumer)
    await db.owner.query(`update ${table} set attempt_count = 4, schedule_at = 1000`)
  }
  return { kind, consumer, ids, origin: { state: from, writer: await writerOf(db, consumer) } }
}

/** Calls the procedure that moves them all, and hears from its NOTICEs what has been committed. */
export async function moveAll(
  session: pg.ClientBase,
  { kind, consumer }: Field,
  pause: string,
  tell: (moved: number) => void,
): Promise<number> {
  let total = 0
  const listener = ({ message = '' }) => {
    const [, soFar] = /: (\d+) tasks so far$/.exec(message) ?? []
    if (soFar === undefined) return
    tell(Number(soFar) - total)
    total = Number(soFar)
  }
  session.on('notice', listener)
  const { updated } = only(
    await session.query<{ updated: string }>(
      `call kanthorq_task_${kind}('${consumer}', everything => true, batch_size => ${batchSize}, pause => '${pause}')`,
    ),
  )
  session.off('notice', listener)
  return Number(updated)
}

/** Cancels all tasks, undoes that, cancels them again, and so on. */
function byId(session: pg.ClientBase, { consumer, ids }: Field, n: number): Promise<number> {
  return n % 2 === 0
    ? call(session, 'cancel($1, $2)', [consumer, ids])
    : undoLast(session, consumer)
}

/** Resumes all tasks, undoes that, undoes the undo, and so on. */
function undo(session: pg.ClientBase, { consumer, ids }: Field, n: number): Promise<number> {
  return n === 0 ? call(session, 'resume($1, $2)', [consumer, ids]) : undoLast(session, consumer)
}

/** Cancels some of the tasks, in any order, or undoes what it or the other session did last. */
function shared(
  session: pg.ClientBase,
  { consumer, ids }: Field,
  n: number,
  random: Random,
): Promise<number> {
  return n === 0 || random.pick([true, false])
    ? call(session, 'cancel($1, $2)', [consumer, random.some(ids, 20)])
    : undoLast(session, consumer)
}

function undoLast(session: pg.ClientBase, consumer: string): Promise<number> {
  const last = 'select max(id) from kanthorq_task_operation where consumer = $1'
  return call(session, `undo((${last}))`, [consumer])
}

async function call(session: pg.ClientBase, text: string, values: unknown[]): Promise<number> {
  return only(
    await session.query<{ moved: number }>(
      `select cardinality(updated) as moved from kanthorq_task_${text}`,
      values,
    ),
  ).moved
}
