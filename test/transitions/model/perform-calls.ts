// Cancel, resume, discard and undo by id, and calls that are refused.
import type { TransitionResult } from 'kanthorq-tasks'
import { badCalls } from './bad-calls.ts'
import { call, sqlstateOf } from './database.ts'
import { agree, look, same } from './look.ts'
import { undo, type ModelOperation } from './operations.ts'
import { consumerOf, dueOf, idOf, timestamp, type Run } from './run.ts'
import type { Arguments } from './steps.ts'
import { countLeft, countMoves } from './tally-of-calls.ts'
import { transit, type Action } from './transitions.ts'

export const callSteps = {
  cancel: (run: Run, args: Arguments<'cancel'>) => transition(run, 'cancel', args),
  resume: (run: Run, args: Arguments<'resume'>) => transition(run, 'resume', args),
  discard: (run: Run, args: Arguments<'discard'>) => transition(run, 'discard', args),

  async cancelAndResume(run: Run, args: Arguments<'cancelAndResume'>) {
    const { log } = run
    const { reason } = args
    const consumer = consumerOf(run, args.consumer)
    const ids = args.events.map((event) => idOf(run, event))
    const session = await run.access.caller()
    const { rows } = await session.query(
      `select to_jsonb(c) as cancelled, to_jsonb(r) as resumed
       from unnest($2::text[]) id
       cross join lateral kanthorq_task_cancel($1, array[id], $3) c
       cross join lateral kanthorq_task_resume($1, c.updated, $3) r`,
      [consumer.name, ids, reason],
    )
    const seen = await look(run)
    const times = seen.log.map(({ at }) => at)
    const next = (action: Action, these: readonly string[]) => {
      const now = times[0] ?? seen.to
      const order = { now, reason, due: () => now, resetAttempts: false }
      const result = transit(log, consumer, action, these, order)
      if (result.updated.length > 0) times.shift()
      return result
    }
    const results = ids.map((id) => {
      const cancelled = next('cancel', [id])
      return { cancelled, resumed: next('resume', cancelled.updated) }
    })
    same(rows, results, 'what the calls return')
    countMoves(run, consumer)
    agree(run, seen)
  },

  async undo(run: Run, { operation: back, reason }: Arguments<'undo'>) {
    const operation = run.log.at(-1 - (back % Math.max(run.log.length, 1)))
    if (operation === undefined) return
    const consumer = run.consumers.find(({ name }) => name === operation.consumer)
    if (consumer === undefined) return
    const rows = await call(await run.access.caller(), 'kanthorq_task_undo', {
      operation_id: operation.id,
      reason,
    })
    const seen = await look(run)
    const isAgain = run.log.some(({ undoes }) => undoes === operation.id)
    const result = undo(run.log, consumer, operation, { now: seen.log[0]?.at ?? seen.to, reason })
    same(rows, [result], 'what the undo returns')
    countUndo(run, operation, result, isAgain)
    agree(run, seen)
  },

  async misuse(run: Run, args: Arguments<'misuse'>) {
    const calls = badCalls.filter(({ sqlstate }) => sqlstate === args.sqlstate)
    const bad = calls[args.call % calls.length]
    if (bad === undefined) return
    const { name: consumer } = consumerOf(run, args.consumer)
    const ids = args.events.map((event) => idOf(run, event))
    const { access } = run
    const session = await (bad.isOwners ? access.owner() : access.caller())
    const raised = await sqlstateOf(access, session, () =>
      call(session, bad.name, bad.args({ consumer, ids })),
    )
    same(raised, bad.sqlstate, `${bad.name} is refused`)
    run.tally.add(bad.sqlstate)
    agree(run, await look(run))
  },
}

async function transition(
  run: Run,
  action: Action,
  args: Arguments<'cancel'> & Partial<Arguments<'resume'>>,
): Promise<void> {
  const consumer = consumerOf(run, args.consumer)
  const ids = args.events.map((event) => idOf(run, event))
  const input = { consumer: consumer.name, event_ids: ids }
  const { reason, resetAttempts } = args
  const due = dueOf(run, args.due)

  const session = await run.access.caller()
  const verdicts = await call<Verdict>(session, 'kanthorq_task_explain', input)
  const rows = await call<TransitionResult>(session, `kanthorq_task_${action}`, {
    ...input,
    reason,
    schedule_at: timestamp(due),
    reset_attempts: resetAttempts,
  })
  const seen = await look(run)
  countLeft(run, consumer, action, ids, seen.to)
  const now = seen.log[0]?.at ?? seen.to
  const order = { now, reason, due: () => due ?? now, resetAttempts }
  const result = transit(run.log, consumer, action, ids, order)
  same(rows, [result], 'what the call returns')
  same(
    verdicts.filter((verdict) => verdict[`can_${action}`]).map(({ event_id }) => event_id),
    result.updated,
    'what explain said that it would do',
  )
  run.tally.add(`${action} moved ${result.updated.length > 0 ? 'tasks' : 'nothing'}`)
  countMoves(run, consumer)
  agree(run, seen)
}

type Verdict = { event_id: string } & Record<`can_${Action}`, boolean>

function countUndo(
  { tally }: Run,
  operation: ModelOperation,
  { updated, noop }: TransitionResult,
  isAgain: boolean,
) {
  if (noop.length === 0) tally.add('undo put all back')
  else if (updated.length === 0) tally.add('undo left all alone')
  else tally.add('undo put some back and left some')
  if (operation.action === 'undo' && updated.length > 0) tally.add('undo of an undo put tasks back')
  if (isAgain && updated.length === 0)
    tally.add('undo of an operation that had been undone left all alone')
}
