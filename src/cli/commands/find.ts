import { Command, Option } from 'commander'
import { UsageError } from '../errors.ts'
import { addExamples } from '../help.ts'
import { exitCode, type ExitCode } from '../exit-code.ts'
import { addFilter, filterOf, type FilterFlags } from '../arguments/filter-options.ts'
import { addLimit, limitOf, type LimitFlags } from '../arguments/limit-options.ts'
import { printPages } from '../terminal/print-pages.ts'
import { commonFlags } from '../arguments/common-options.ts'
import { withSession, type Session } from '../session.ts'
import { taskColumns } from '../terminal/task-columns.ts'

interface FindFlags extends FilterFlags, LimitFlags {
  oldestFirst?: boolean
  ids?: boolean
  count?: boolean
}

const maxPage = 1000

export function findCommand(): Command {
  const command = new Command('find')
    .summary('List the tasks that match a filter')
    .description('Lists the tasks of a consumer that match a filter, newest event first.')
    .argument('<consumer>', 'name of the consumer')
  addFilter(command)
  addLimit(command, 'tasks')
    .option('--oldest-first', 'list the oldest event first')
    .option('--ids', 'print only the event ids, one a line')
    .addOption(new Option('--count', 'print only the number of tasks').conflicts(['limit', 'all', 'oldestFirst', 'ids']))
    .action((consumer: string, flags: FindFlags) => {
      if (flags.ids && commonFlags(command).json)
        throw new UsageError('--ids cannot be combined with --json, whose output includes the ids')
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
      line: 'kanthorq-tasks find send_email --state available --json | kanthorq-tasks cancel send_email --reason INC-42',
    },
  )
}

async function printCount({ tasks, output }: Session, consumer: string, flags: FindFlags): Promise<ExitCode> {
  const count = await tasks.count(consumer, filterOf(flags))
  if (output.json) await output.records([{ count }])
  else await output.lines([String(count)])
  return count > 0 ? exitCode.done : exitCode.nothing
}

async function printTasks({ tasks, output }: Session, consumer: string, flags: FindFlags): Promise<ExitCode> {
  const limit = limitOf(flags)
  const table = output.table(taskColumns)
  const pages = tasks.pages(consumer, filterOf(flags), {
    // One more than the limit, to see whether there are more.
    pageSize: Math.min(limit + 1, maxPage),
    oldestFirst: flags.oldestFirst,
  })
  const found = await printPages(output, pages, limit, (page) =>
    flags.ids ? page.map(({ eventId }) => eventId) : table.lines(page),
  )
  if (found > 0) return exitCode.done
  output.note(`no task of ${consumer} matches`)
  return exitCode.nothing
}
