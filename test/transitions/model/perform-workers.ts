// What KanthorQ does, on the database and on the model, and what time does.
import { taskTable } from '../../support/scene.ts'
import { claim } from '../../support/worker.ts'
import { call, stream } from './database.ts'
import { agree, look, plausible, same, type Look } from './look.ts'
import { taskRow } from './reading.ts'
import { consumerOf, idOf, tasksOf, type Run } from './run.ts'
import type { Arguments } from './steps.ts'
import type { ModelConsumer, ModelTask } from './task.ts'
import {
  completed,
  converted,
  failed,
  isPulled,
  pulled,
  theirCancel,
  theirResume,
  type Puller,
} from './workers.ts'

export const workerSteps = {
  async publish(run: Run, { events }: Arguments<'publish'>) {
    const session = await run.access.owner()
    for (const event of events) {
      const args = { stream, body: 'body', ...event, metadata: JSON.stringify(event.metadata) }
      const [row] = await call<{ id: string }>(session, 'kanthorq_stream_publish', args, 'id')
      if (row !== undefined) run.events.push({ ...row, ...event })
    }
    agree(run, await look(run))
  },

  async convert(run: Run, { consumer: number, events, state }: Arguments<'convert'>) {
    const consumer = consumerOf(run, number)
    const rows = await call(await run.access.owner(), 'kanthorq_task_convert', {
      consumer: consumer.name,
      event_ids: events.map((event) => idOf(run, event)),
      initial_state: state,
    })
    const seen = await look(run)
    const made = [...new Set(events)]
      .map((event) => run.events[event])
      .filter((event) => event !== undefined)
      .filter(({ id }) => !consumer.tasks.has(id))
      .map((event) => {
        const { schedule_at, created_at } = learn(seen, consumer, event.id)
        return converted(event, consumer, state, {
          now: plausible(seen, schedule_at - consumer.visibilityTimeout),
          // PostgreSQL's current_timestamp, which is when the transaction began.
          made: plausible(
            { ...seen, from: run.access.inTransaction ? run.began : seen.from },
            created_at,
          ),
        })
      })
    for (const task of made) consumer.tasks.set(task.event_id, task)
    same(
      rows,
      made.map((task) => taskRow(task, consumer, seen.to)),
      'what convert returns',
    )
    agree(run, seen)
  },

  async pull(run: Run, { consumer: number, puller, days }: Arguments<'pull'>) {
    const consumer = consumerOf(run, number)
    if (days === 0) await pull(run, consumer, puller)
    for (let day = 1; day <= days; day++) {
      await shift(run, consumer, [...run.events.keys()], ['schedule_at'], -24)
      await pull(run, consumer, puller)
    }
  },

  complete: (run: Run, args: Arguments<'complete'>) => send(run, args, 'completed'),

  theirCancel: (run: Run, args: Arguments<'theirCancel'>) => send(run, args, 'cancelled'),

  theirResume: (run: Run, args: Arguments<'theirResume'>) => send(run, args, 'running'),

  async fail(run: Run, { consumer: number, events, error }: Arguments<'fail'>) {
    const consumer = consumerOf(run, number)
    const session = await run.access.owner()
    await session.query('select test.fail($1, id, $3) from unnest($2::text[]) id', [
      consumer.name,
      [...new Set(events.map((event) => idOf(run, event)))],
      error,
    ])
    const seen = await look(run)
    for (const task of running(run, consumer, events)) {
      const { finalized_at } = learn(seen, consumer, task.event_id)
      const after = failed(task, consumer, error, finalized_at)
      if (after.state === 'discarded') plausible(seen, finalized_at)
      consumer.tasks.set(task.event_id, after)
      run.tally.add(
        after.state === 'discarded'
          ? 'a task failed and was discarded'
          : 'a task failed and may be retried',
      )
    }
    agree(run, seen)
  },

  async passDay(run: Run, { consumer, events }: Arguments<'passDay'>) {
    await shift(run, consumerOf(run, consumer), events, ['schedule_at'], -24)
  },

  async misdate(run: Run, { consumer, events, hours }: Arguments<'misdate'>) {
    await shift(run, consumerOf(run, consumer), events, ['created_at', 'updated_at'], hours)
  },
}

/** The states that KanthorQ sets with one plain UPDATE: from which, and what becomes of a task. Times are its own. */
const sent = {
  completed: { from: ['running'], becomes: completed },
  cancelled: { from: ['pending', 'available', 'retryable'], becomes: theirCancel },
  running: { from: ['discarded', 'cancelled'], becomes: theirResume },
} as const

async function send(
  run: Run,
  { consumer: number, events }: Arguments<'complete'>,
  state: keyof typeof sent,
): Promise<void> {
  const consumer = consumerOf(run, number)
  const { becomes, from } = sent[state]
  const session = await run.access.owner()
  await session.query(
    `update ${await taskTable(run.db, consumer.name)}
     set state = _kanthorq_task_state($2), finalized_at = $3
     where event_id = any ($1) and state in (select _kanthorq_task_state(s) from unnest($4::text[]) s)`,
    [events.map((event) => idOf(run, event)), state, state === 'running' ? 0 : run.clock, from],
  )
  for (const task of tasksOf(run, consumer, events)) {
    if (from.some((one) => one === task.state))
      consumer.tasks.set(task.event_id, becomes(task, run.clock))
  }
  agree(run, await look(run))
}

async function pull(run: Run, consumer: ModelConsumer, puller: Puller): Promise<void> {
  await claim(run.db, consumer.name, puller, await run.access.owner())
  const seen = await look(run)
  for (const task of consumer.tasks.values()) {
    if (!isPulled(task, consumer, puller, seen.to)) continue
    const now = plausible(seen, learn(seen, consumer, task.event_id).attempted_at)
    consumer.tasks.set(task.event_id, pulled(task, consumer, now))
    run.tally.add(`the ${puller === 'running' ? 'visibility' : 'retry'} puller took a task`)
  }
  agree(run, seen)
}

/** Moves times of these tasks by so many hours. */
async function shift(
  run: Run,
  consumer: ModelConsumer,
  events: readonly number[],
  columns: readonly ('schedule_at' | 'created_at' | 'updated_at')[],
  hours: number,
) {
  const by = hours * 3_600_000
  const session = await run.access.owner()
  await session.query(
    `update ${await taskTable(run.db, consumer.name)}
     set ${columns.map((column) => `${column} = ${column} + $2::bigint`).join(', ')}
     where event_id = any ($1)`,
    [events.map((event) => idOf(run, event)), by],
  )
  for (const task of tasksOf(run, consumer, events)) {
    const moved = Object.fromEntries(columns.map((column) => [column, task[column] + by]))
    consumer.tasks.set(task.event_id, { ...task, ...moved })
  }
  agree(run, await look(run))
}

function running(run: Run, consumer: ModelConsumer, events: readonly number[]): ModelTask[] {
  return tasksOf(run, consumer, events).filter((task) => task.state === 'running')
}

/** The task as the database has it: where a step writes what the time is, the model learns it there. */
function learn(seen: Look, consumer: ModelConsumer, id: string): ModelTask {
  const task = seen.tasks.get(consumer.name)?.get(id)
  if (task === undefined) throw new Error(`${consumer.name} should have a task of ${id}`)
  return task
}
