import { Command, Option } from 'commander'
import { pagesOf } from '../../client/pages.ts'
import type { Operation } from '../../client/types.ts'
import { addExamples } from '../help.ts'
import { exitCode } from '../exit-code.ts'
import { countsByState, formatNumber, formatTime } from '../terminal/format.ts'
import { addLimit, limitOf, type LimitFlags } from '../arguments/limit-options.ts'
import { printPages } from '../terminal/print-pages.ts'
import { withSession } from '../session.ts'
import type { Column } from '../terminal/table.ts'
import { nonEmpty } from '../arguments/option-parsers.ts'

interface LogFlags extends LimitFlags {
  event?: string
  action?: Operation['action']
  reason?: string
  actor?: string
  batches?: boolean
}

const pageSize = 100

const columns: readonly Column<Operation>[] = [
  { title: 'ID', text: ({ id }) => id, align: 'right' },
  { title: 'AT', text: ({ at }) => formatTime(at), leaveOut: 1 },
  {
    title: 'ACTION',
    text: ({ action, undoes }) => (undoes === null ? action : `undo of ${undoes}`),
  },
  {
    title: 'BATCHES',
    text: ({ batches }) => formatNumber(batches),
    align: 'right',
    leaveOut: 5,
  },
  { title: 'CONSUMER', text: ({ consumerName }) => consumerName, shrinkTo: 10 },
  { title: 'TASKS', text: ({ tasks }) => formatNumber(tasks), align: 'right' },
  { title: 'FROM', text: ({ fromStates }) => countsByState(fromStates), leaveOut: 4 },
  { title: 'BY', text: ({ actor }) => actor, shrinkTo: 8, leaveOut: 3 },
  { title: 'REASON', text: ({ reason }) => reason ?? '', shrinkTo: 10, leaveOut: 2 },
]

export function logCommand(): Command {
  const command = new Command('log')
    .summary('List the operations on tasks')
    .description('Lists the operations on tasks, newest first: when, by whom and why. A call by filter is one operation.')
    .argument('[consumer]', 'name of a consumer (default: all)')
    .option('--event <id>', "only operations that moved this event's task", nonEmpty)
    .addOption(new Option('--action <action>', 'only operations of this kind').choices(['cancel', 'resume', 'discard', 'undo']))
    .option('--reason <text>', 'only operations with exactly this reason', nonEmpty)
    .option('--actor <role>', 'only operations of this login role', nonEmpty)
    .option('--batches', 'list each batch of a call by filter')
  addLimit(command, 'operations').action((consumer: string | undefined, flags: LogFlags) =>
    withSession(command, async ({ tasks, output }) => {
      const table = output.table(columns)
      const { event: eventId, action, reason, actor, batches } = flags
      const filter = { eventId, action, reason, actor, batches, withEventIds: output.json }
      const pages = pagesOf<Operation>(pageSize, (last) =>
        tasks.operations(consumer, { ...filter, maxOperations: pageSize, before: last?.id }),
      )
      const found = await printPages(output, pages, limitOf(flags), (page) => table.lines(page))
      if (found > 0) return exitCode.done
      output.note('the log has no such operation')
      return exitCode.nothing
    }),
  )
  return addExamples(
    command,
    { why: 'the operations on tasks of one consumer', line: 'kanthorq-tasks log send_email' },
    {
      why: 'who moved this task?',
      line: 'kanthorq-tasks log --event event_01m86243pcep6et4pajx64trgk',
    },
    {
      why: 'resume the tasks that a discard took',
      line: "kanthorq-tasks log send_email --action discard --reason 'INC-41: stuck' --all --json | kanthorq-tasks resume send_email",
    },
  )
}
