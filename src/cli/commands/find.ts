import { Command, Option } from 'commander'
import { UsageError } from '../errors.ts'
import { addExamples } from '../help/examples.ts'
import { exitCode, type ExitCode } from '../exit-code.ts'
import { addFilter, filterOf, type FilterFlags } from '../arguments/filter-options.ts'
import { addLimit, limitOf, printPages, type ListFlags } from '../terminal/paged-list.ts'
import { addCommon, commonFlags, withSession, type Session } from '../session.ts'
import { taskColumns } from '../terminal/task-columns.ts'

interface FindFlags extends FilterFlags, ListFlags {
  oldestFirst?: boolean
  ids?: boolean
  count?: boolean
}

const maxPage = 1000

export function findCommand(): Command {
  const command = new Command('find')
    .summary('the tasks that a filter matches')
    .description('Lists the tasks of a consumer that a filter matches, the newest event first.')
    .argument('<consumer>', 'name of the consumer')
  addFilter(command)
  addLimit(command, 'tasks')
    .option('--oldest-first', 'turn the order round')
    .option('--ids', 'print only the event ids, one a line')
    .addOption(
      new Option('--count', 'print only how many there are').conflicts([
        'limit',
        'all',
        'oldestFirst',
        'ids',
      ]),
    )
    .action((consumer: string, flags: FindFlags) => {
      if (flags.ids && commonFlags(command).json)
        throw new UsageError('--ids does not go with --json, which has them too')
      return withSession(command, (session) =>
        flags.count ? printCount(session, consumer, flags) : printTasks(session, consumer, flags),
      )
    })
  return addExamples(
    addCommon(command),
    {
      why: 'what has failed for good, and what its last attempt said',
      line: 'kanthorq-tasks find send_email --state discarded --error mailbox',
    },
    {
      why: 'how many are being worked, or will be tried again, of those that were made since the end of January',
      line: 'kanthorq-tasks find send_email --state running,retryable --created-after 2026-01-31 --count',
    },
    {
      why: 'into another command, which then does it to exactly these',
      line: 'kanthorq-tasks find send_email --state available --json | kanthorq-tasks cancel send_email --reason INC-42',
    },
  )
}

async function printCount(
  { tasks, output }: Session,
  consumer: string,
  flags: FindFlags,
): Promise<ExitCode> {
  const count = await tasks.count(consumer, filterOf(flags))
  if (output.json) await output.records([{ count }])
  else await output.lines([String(count)])
  return count > 0 ? exitCode.done : exitCode.nothing
}

async function printTasks(
  { tasks, output }: Session,
  consumer: string,
  flags: FindFlags,
): Promise<ExitCode> {
  const limit = limitOf(flags)
  const table = output.table(taskColumns)
  const pages = tasks.pages(consumer, filterOf(flags), {
    // One more than is shown, to know whether there are more.
    pageSize: Math.min(limit + 1, maxPage),
    oldestFirst: flags.oldestFirst === true,
  })
  const found = await printPages(output, pages, limit, (page) =>
    flags.ids ? page.map(({ eventId }) => eventId) : table.lines(page),
  )
  if (found > 0) return exitCode.done
  output.note(`no task of ${consumer} matches`)
  return exitCode.nothing
}
