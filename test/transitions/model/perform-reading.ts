// What shows the tasks and the log, on the database and on the model.
import { call } from './database.ts'
import { filterKeys, passes, type ModelFilter } from './filter.ts'
import { agree, look, same, without } from './look.ts'
import { count, explain, find, operations, stats, taskRow } from './reading.ts'
import { consumerOf, filterArguments, filterOf, idOf, type Run } from './run.ts'
import type { Arguments } from './steps.ts'
import type { ModelConsumer } from './task.ts'

export const readingSteps = {
  async find(run: Run, args: Arguments<'find'>) {
    const consumer = consumerOf(run, args.consumer)
    const filter = filterOf(run, consumer, args.filter)
    const page = {
      after: args.after === undefined ? undefined : idOf(run, args.after),
      max_tasks: args.maxTasks,
      oldest_first: args.oldestFirst,
    }
    const rows = await call(await run.access.caller(), 'kanthorq_task_find', {
      consumer: consumer.name,
      ...filterArguments(filter),
      ...page,
    })
    const seen = await look(run)
    const found = find(consumer, filter, page)
    same(
      rows,
      found.map((task) => taskRow(task, consumer, seen.to)),
      'what is found',
    )
    countFilter(run, consumer, filter)
    if (found.length === page.max_tasks) run.tally.add('a page was full')
    agree(run, seen)
  },

  async count(run: Run, { consumer: number, filter: wanted }: Arguments<'count'>) {
    const consumer = consumerOf(run, number)
    const filter = filterOf(run, consumer, wanted)
    const args = { consumer: consumer.name, ...filterArguments(filter) }
    const session = await run.access.caller()
    const [row] = await call<{ count: string }>(session, 'kanthorq_task_count', args, 'count')
    same(Number(row?.count), count(consumer, filter), 'how many there are')
    countFilter(run, consumer, filter)
    agree(run, await look(run))
  },

  async explain(run: Run, args: Arguments<'explain'>) {
    const consumer = consumerOf(run, args.consumer)
    const ids = args.events.map((event) => idOf(run, event))
    const rows = await call<ExplainRow>(await run.access.caller(), 'kanthorq_task_explain', {
      consumer: consumer.name,
      event_ids: ids,
    })
    const seen = await look(run)
    // What is overdue will run at once; the only time that is not that of a task is now.
    const now = rows
      .map(({ next_run_at: next }) => next?.getTime() ?? 0)
      .find((next) => next >= seen.from && next <= seen.to)
    const verdicts = explain(consumer, ids, now ?? seen.to)
    same(
      rows.map((row) => without(row, 'why')),
      verdicts,
      'what explain says',
    )
    same(
      rows.map(({ why }) => why.split(/[ ,:;]/)[0]),
      verdicts.map(({ state }) => state ?? 'not'),
      'why begins with the state, or with "not found"',
    )
    for (const { can_cancel, can_resume, can_discard } of verdicts) {
      run.tally.add(`explain said ${can_cancel || can_resume || can_discard ? 'yes' : 'no'}`)
    }
    agree(run, seen)
  },

  async stats(run: Run, args: Arguments<'stats'>) {
    const consumers = args.consumer === undefined ? run.consumers : [consumerOf(run, args.consumer)]
    const rows = await call<StatsRow>(await run.access.caller(), 'kanthorq_task_stats', {
      consumer: args.consumer === undefined ? null : consumers[0]?.name,
    })
    const seen = await look(run)
    same(
      rows.map((row) => ({ ...row, tasks: Number(row.tasks), stuck: Number(row.stuck) })),
      stats(consumers, seen.to),
      'what stats says',
    )
    agree(run, seen)
  },

  async operations(run: Run, args: Arguments<'operations'>) {
    const page = {
      consumer: args.consumer === undefined ? undefined : consumerOf(run, args.consumer).name,
      event_id: args.event === undefined ? undefined : idOf(run, args.event),
      before: args.before === undefined ? undefined : run.log.at(-1 - args.before)?.id,
      max_operations: args.maxOperations,
    }
    const rows = await call<OperationRow>(
      await run.access.caller(),
      'kanthorq_task_operations',
      page,
    )
    same(
      rows.map((row) => without(row, 'actor', 'application_name', 'client_addr', 'transaction_id')),
      operations(run.log, page),
      'what the log shows',
    )
    agree(run, await look(run))
  },
}

interface ExplainRow {
  why: string
  next_run_at: Date | null
}

interface StatsRow {
  tasks: string
  stuck: string
}

interface OperationRow {
  actor: string
  application_name: string
  client_addr: string
  transaction_id: string
}

/** Which parts of the filter have let some tasks through and kept others back. */
function countFilter({ tally }: Run, consumer: ModelConsumer, filter: ModelFilter): void {
  const tasks = [...consumer.tasks.values()]
  for (const key of filterKeys) {
    const some = tasks.filter((task) => passes(task, key, filter[key])).length
    if (some > 0 && some < tasks.length) tally.add(`a filter by ${key} matched some and not all`)
  }
}
