// Bulk calls: batch by batch as a program makes them, also with other steps in between, and the procedures that loop.
import { begin, isRefused, nextBatch, type Bulk, type Progress } from './batches.ts'
import { call, callProcedure, sqlstateOf } from './database.ts'
import { isEmpty, matches } from './filter.ts'
import { agree, look, plausible, same, type Look } from './look.ts'
import { bulkOf, consumerOf, filterArguments, timestamp, type OpenCall, type Run } from './run.ts'
import type { Arguments } from './steps.ts'
import { countMoves } from './tally-of-calls.ts'
import type { ModelConsumer } from './task.ts'
import { takes } from './transitions.ts'

interface BatchRow {
  progress: { started: number } | null
  updated: string
  total: string
}

export const bulkSteps = {
  async beginBatches(
    run: Run,
    { consumer: number, bulk: wanted, batches }: Arguments<'beginBatches'>,
  ) {
    const consumer = consumerOf(run, number)
    const bulk = bulkOf(run, consumer, wanted)
    if (isRefused(bulk)) {
      const session = await run.access.caller()
      const args = { action: bulk.action, ...bulkArguments(consumer, bulk) }
      const sqlstate = await sqlstateOf(run.access, session, () =>
        call(session, 'kanthorq_task_batch', args),
      )
      await refused(run, bulk, sqlstate)
      return
    }
    const opened: OpenCall = { consumer, bulk, progress: undefined, token: null }
    await batchUpTo(run, opened, batches)
    run.open.push(opened)
  },

  async goOn(run: Run, { call: number, batches }: Arguments<'goOn'>) {
    const open = run.open.filter(({ progress }) => progress?.ended === false)
    const opened = open.at(-1 - (number % open.length))
    if (opened === undefined) return
    run.tally.add('a bulk call went on after other steps')
    await batchUpTo(run, opened, batches)
  },

  async all(run: Run, { consumer: number, bulk: wanted }: Arguments<'all'>) {
    const consumer = consumerOf(run, number)
    const bulk = bulkOf(run, consumer, wanted)
    const session = await run.access.caller()
    const procedure = `kanthorq_task_${bulk.action}_all`
    const attempt = () => callProcedure(session, procedure, bulkArguments(consumer, bulk))

    if (run.access.inTransaction) {
      same(await sqlstateOf(run.access, session, attempt), '25001', 'it can not commit here')
      run.tally.add('an _all call in a transaction was refused')
      agree(run, await look(run))
      return
    }
    if (isRefused(bulk)) {
      await refused(run, bulk, await sqlstateOf(run.access, session, attempt))
      return
    }
    const total = await attempt()
    const seen = await look(run)
    const progress = begin(consumer, bulk, startOf(seen, consumer, bulk, null))
    const times = seen.log.map(({ at }) => at)
    while (!progress.ended) {
      const moved = nextBatch(run.log, consumer, progress, times[0] ?? seen.to)
      if (moved > 0) times.shift()
    }
    same(total, progress.total, 'how many the call says it moved')
    const transactions = new Set(seen.log.map(({ transaction_id: id }) => id))
    same(transactions.size, seen.log.length, 'how many batches were committed')
    if (total > 0) run.tally.add(`${bulk.action}_all moved tasks`)
    countBulk(run, consumer, progress)
    agree(run, seen)
  },
}

async function batchUpTo(run: Run, opened: OpenCall, batches: number): Promise<void> {
  for (let n = 0; n < batches && !opened.progress?.ended; n++) await oneBatch(run, opened)
}

async function oneBatch(run: Run, opened: OpenCall): Promise<void> {
  const { consumer, bulk } = opened
  const [row] = await call<BatchRow>(await run.access.caller(), 'kanthorq_task_batch', {
    action: bulk.action,
    ...bulkArguments(consumer, bulk),
    progress: opened.token === null ? undefined : JSON.stringify(opened.token),
  })
  const seen = await look(run)
  opened.progress ??= begin(consumer, bulk, startOf(seen, consumer, bulk, row?.progress?.started))
  const { progress } = opened
  const moved = nextBatch(run.log, consumer, progress, seen.log[0]?.at ?? seen.to)
  same(
    { updated: Number(row?.updated), total: Number(row?.total), ended: row?.progress === null },
    { updated: moved, total: progress.total, ended: progress.ended },
    'what the batch returns',
  )
  opened.token = row?.progress
  if (moved > 0) run.tally.add(`${bulk.action} in batches moved tasks`)
  else if (!progress.ended) run.tally.add('a batch moved nothing and was not the last')
  countBulk(run, consumer, progress)
  agree(run, seen)
}

/**
 * When the first batch began: the database says so if there are more to come, and it is when the first task is due that is
 * resumed without a time of its own. Otherwise nothing depends on when exactly it was.
 */
function startOf(
  seen: Look,
  consumer: ModelConsumer,
  { action, due }: Bulk,
  started: number | null | undefined,
): number {
  if (typeof started === 'number') return plausible(seen, started)
  const [first] = seen.log[0]?.event_ids.toSorted() ?? []
  const task = seen.tasks.get(consumer.name)?.get(first ?? '')
  if (action !== 'resume' || due !== undefined || task === undefined) return seen.to
  return plausible(seen, task.schedule_at)
}

async function refused(run: Run, bulk: Bulk, sqlstate: string | undefined): Promise<void> {
  same(sqlstate, 'KQ003', 'the bulk call is refused')
  run.tally.add(
    isEmpty(bulk.filter) && !bulk.everything
      ? 'an empty filter was refused'
      : 'a filter by states that an action does not take was refused',
  )
  agree(run, await look(run))
}

function bulkArguments(consumer: ModelConsumer, bulk: Bulk) {
  const { action, filter, everything, batchSize, maxTasks, reason, due, spread } = bulk
  return {
    consumer: consumer.name,
    ...filterArguments(filter),
    everything,
    batch_size: batchSize,
    max_tasks: maxTasks === Infinity ? null : maxTasks,
    reason,
    ...(action === 'resume' && {
      schedule_at: timestamp(due),
      reset_attempts: bulk.resetAttempts,
      spread: `${spread} milliseconds`,
    }),
  }
}

function countBulk(run: Run, consumer: ModelConsumer, progress: Progress): void {
  const { tally, log } = run
  const { bulk, total, ended, started } = progress
  countMoves(run, consumer)
  const batches = log.filter(({ id }) => id === '').length
  if (batches > 1 || (batches === 1 && total > bulk.batchSize))
    tally.add('a bulk call took several batches')
  if (ended && total === bulk.maxTasks) tally.add('max_tasks ended a bulk call')
  if (bulk.action === 'resume' && bulk.spread > 0 && total > 1)
    tally.add('resumed tasks were spread')
  if (!ended || total === bulk.maxTasks) return
  for (const task of consumer.tasks.values()) {
    if (!matches(task, bulk.filter) || !takes(bulk.action, task, consumer, started)) continue
    if (task.created_at > started) tally.add('a bulk call left alone what was made after it began')
    if (task.finalized_at > started)
      tally.add('a bulk call left alone what was finished after it began')
  }
}
