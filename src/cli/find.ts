import { Command, Option } from 'commander'
import { addExamples } from './examples.ts'
import { exitCode, type ExitCode } from './exit-code.ts'
import { addFilter, filterOf, type FilterFlags } from './filter.ts'
import { formatNumber } from './number.ts'
import { addCommon, withSession, type Session } from './session.ts'
import { taskColumns } from './task-columns.ts'
import { UsageError } from './errors.ts'
import { count } from './values.ts'

interface FindFlags extends FilterFlags {
  limit?: number
  all?: boolean
  oldestFirst?: boolean
  ids?: boolean
  count?: boolean
}

const defaultLimit = 100
const pageSize = 1000

export function findCommand(): Command {
  const command = new Command('find')
    .summary('the tasks that a filter matches')
    .description('Lists the tasks of a consumer that a filter matches, the newest event first.')
    .argument('<consumer>', 'name of the consumer')
  addFilter(command)
    .addOption(
      new Option('--limit <n>', `at most so many tasks (default: ${defaultLimit})`)
        .argParser(count)
        .conflicts('all'),
    )
    .option('--all', 'all of them')
    .option('--oldest-first', 'turn the order round')
    .option('--ids', 'print only the event ids, one a line')
    .option('--count', 'print only how many there are')
    .action((consumer: string, flags: FindFlags) => {
      refuseTogether(flags)
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

function refuseTogether({ count: only, ...flags }: FindFlags): void {
  const others = {
    limit: '--limit',
    all: '--all',
    oldestFirst: '--oldest-first',
    ids: '--ids',
  } as const
  for (const [flag, name] of Object.entries(others)) {
    if (only && flags[flag as keyof typeof others] !== undefined)
      throw new UsageError(`${name} does not go with --count, which counts all that match`)
  }
}

async function printCount(
  { tasks, output }: Session,
  consumer: string,
  flags: FindFlags,
): Promise<ExitCode> {
  const number = await tasks.count(consumer, filterOf(flags))
  if (output.json) await output.records({ count: number })
  else await output.lines(String(number))
  return number > 0 ? exitCode.done : exitCode.nothing
}

async function printTasks(
  { tasks, output }: Session,
  consumer: string,
  flags: FindFlags,
): Promise<ExitCode> {
  const limit = flags.all ? Infinity : (flags.limit ?? defaultLimit)
  const table = output.table(taskColumns)
  let shown = 0
  let more = false
  // One more than is shown, to know whether there are more.
  const paging = {
    pageSize: Math.min(limit + 1, pageSize),
    ...(flags.oldestFirst && { oldestFirst: true }),
  }
  for await (const page of tasks.pages(consumer, filterOf(flags), paging)) {
    const some = page.slice(0, limit - shown)
    more = some.length < page.length
    shown += some.length
    if (output.json) await output.records(...some)
    else await output.lines(...(flags.ids ? some.map(({ eventId }) => eventId) : table.lines(some)))
    if (more) break
  }
  if (more) output.note(`there are more than these ${formatNumber(shown)}: --all lists them all`)
  if (shown === 0) output.note(`no task of ${consumer} matches`)
  return shown > 0 ? exitCode.done : exitCode.nothing
}
