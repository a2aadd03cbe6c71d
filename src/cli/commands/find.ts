import { Command, Option } from 'commander'
import { addFilter, filterOf, metadataNotes, type FilterFlags } from '../arguments/filter-options.ts'
import { addLimit, limitOf, type LimitFlags } from '../arguments/limit-options.ts'
import { commonFlags } from '../arguments/common-options.ts'
import { allConsumers, consumersOf, shownConsumer } from '../consumers.ts'
import type { Database } from '../database.ts'
import { UsageError } from '../errors.ts'
import { exitCode, type ExitCode } from '../exit-code.ts'
import { addExamples } from '../help.ts'
import { withSession, type Session } from '../session.ts'
import { pagesOf, printPages } from '../terminal/print-pages.ts'
import type { Column } from '../terminal/table.ts'
import { shownTask, sizeOfTask, taskColumns, taskRecord, wholeTask, type ShownTask } from '../terminal/task-columns.ts'

interface FindFlags extends FilterFlags, LimitFlags {
  oldestFirst?: boolean
  ids?: boolean
  count?: boolean
}

/** A task, and the consumer that it belongs to. */
type FoundTask = ShownTask & { consumer: string; metadata: string }

export function findCommand(): Command {
  const command = new Command('find')
    .summary('List the tasks that match a filter')
    .description('Lists the tasks of a consumer that match a filter, newest event first.')
    .argument('<consumer>', "name of the consumer; '*' is all of them")
  addFilter(command)
  addLimit(command, 'tasks')
    .option('--oldest-first', 'list the oldest event first')
    .option('--ids', 'print only the event ids, one a line')
    .addOption(new Option('--count', 'print only the number of tasks').conflicts(['limit', 'all', 'oldestFirst', 'ids']))
    .action((consumer: string, flags: FindFlags) => {
      const { json, csv } = commonFlags(command)
      if (flags.ids && (json || csv))
        throw new UsageError(`--ids cannot be combined with ${json ? '--json' : '--csv'}, whose output includes the ids`)
      return withSession(command, (session) =>
        flags.count ? printCount(session, consumer, flags) : printTasks(session, consumer, flags),
      )
    })
  return addExamples(
    command,
    {
      why: 'discarded tasks with an error, and the error of the last attempt',
      line: 'kanthorq-tasks find send_email --state discarded --error mailbox',
    },
    {
      why: 'the number of running and retryable tasks created since the end of January',
      line: 'kanthorq-tasks find send_email --state running,retryable --created-after 2026-01-31 --count',
    },
    {
      why: 'pass the tasks to another command',
      line: 'kanthorq-tasks find send_email --state available --ids | kanthorq-tasks cancel send_email --reason INC-42',
    },
    {
      why: 'the failed tasks of all consumers, for a spreadsheet',
      line: "kanthorq-tasks find '*' --state discarded --all --csv",
    },
  )
}

async function printCount({ db, output }: Session, consumer: string, flags: FindFlags): Promise<ExitCode> {
  // A bigint, which JavaScript adds exactly.
  let count = 0n
  for (const name of await consumersOf(db, consumer)) {
    const args = { consumer: name, ...filterOf(flags) }
    const row = await db.row<{ tasks: string }>({ name: 'kanthorq_task_count', args, columns: 'kanthorq_task_count as tasks' })
    count += BigInt(row.tasks)
  }
  if (output.isData) await output.records([{ count: Number(count) }])
  else await output.lines([String(count)])
  if (count > 0n) return exitCode.done
  output.note(...metadataNotes(flags))
  return exitCode.nothing
}

async function printTasks({ db, output }: Session, consumer: string, flags: FindFlags): Promise<ExitCode> {
  const limit = limitOf(flags)
  const isAll = consumer === allConsumers
  const table = output.table(isAll ? [consumerColumn, ...taskColumns] : taskColumns)
  const found = await printPages(output, pagesOfConsumers(db, consumer, flags, limit, output.isData), limit, async (page) => {
    if (flags.ids) await output.ids(page.map(({ eventId }) => eventId))
    else if (output.isData) await output.records(page.map((task) => recordOf(task, isAll)))
    else await output.lines(table.lines(page))
  })
  if (found > 0) return exitCode.done
  output.note(`no task of ${shownConsumer(consumer)} matches`)
  output.note(...metadataNotes(flags))
  return exitCode.nothing
}

/** A task for programs, with the name of its consumer if there are several. */
function recordOf({ consumer, ...task }: FoundTask, isAll: boolean): object {
  return isAll ? { consumer, ...taskRecord(task) } : taskRecord(task)
}

const consumerColumn: Column<FoundTask> = { title: 'CONSUMER', text: ({ consumer }) => consumer, shrinkTo: 12 }

async function* pagesOfConsumers(
  db: Database,
  consumer: string,
  flags: FindFlags,
  limit: number,
  isData: boolean,
): AsyncGenerator<FoundTask[]> {
  const columns = flags.ids ? 'event_id' : isData ? wholeTask : shownTask
  for (const name of await consumersOf(db, consumer)) {
    const pages = pagesOf<ShownTask & { metadata: string }>(limit, isData, (last, size) =>
      db.rows({
        name: 'kanthorq_task_find',
        args: {
          consumer: name,
          ...filterOf(flags),
          after: last?.eventId,
          max_tasks: size,
          oldest_first: flags.oldestFirst,
        },
        columns,
        ...(isData ? { size: sizeOfTask } : {}),
      }),
    )
    for await (const page of pages) yield page.map((task) => ({ consumer: name, ...task }))
  }
}
