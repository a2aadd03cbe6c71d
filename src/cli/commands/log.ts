import { Command, Option } from 'commander'
import type { Operation } from '../../client/types.ts'
import { addExamples } from '../help.ts'
import { exitCode } from '../exit-code.ts'
import { allConsumers } from '../consumers.ts'
import { RawJson } from '../terminal/data.ts'
import { countsByState, formatAge, formatNumber, formatTime } from '../terminal/format.ts'
import { addLimit, limitOf, type LimitFlags } from '../arguments/limit-options.ts'
import { pagesOf, printPages } from '../terminal/print-pages.ts'
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

/** An operation as the program shows it. */
type ShownOperation = Omit<Operation, 'tasks' | 'batches' | 'eventIds' | 'fromStates'> & {
  tasks: string
  batches: string
  fromStates: string
  eventIds?: string[]
}

const shown = `id, at, last_at, action, consumer_name, left(reason, 400) as reason, actor, application_name, client_addr, bulk_id,
  batches, undoes, tasks, from_states::text as from_states`

const whole = `id, at, last_at, action, consumer_name, reason, actor, application_name, client_addr,
  transaction_id, bulk_id, batches, undoes, tasks, from_states::text as from_states, event_ids`

const columns: readonly Column<ShownOperation>[] = [
  { title: 'ID', text: ({ id }) => id, align: 'right' },
  { title: 'AT', text: ({ at }) => formatTime(at), leaveOut: 5 },
  { title: 'AGE', text: ({ lastAt }) => formatAge(lastAt), align: 'right', isFleeting: true },
  {
    title: 'ACTION',
    text: ({ action, undoes }) => (undoes === null ? action : `undo of ${undoes}`),
  },
  { title: 'BATCHES', text: ({ batches }) => formatNumber(Number(batches)), align: 'right', leaveOut: 4 },
  { title: 'CONSUMER', text: ({ consumerName }) => consumerName, shrinkTo: 10 },
  { title: 'TASKS', text: ({ tasks }) => formatNumber(Number(tasks)), align: 'right' },
  { title: 'FROM', text: ({ fromStates }) => fromText(fromStates), leaveOut: 3 },
  { title: 'BY', text: ({ actor }) => actor, shrinkTo: 8 },
  { title: 'WITH', text: ({ applicationName }) => applicationName ?? '', shrinkTo: 8, leaveOut: 1 },
  { title: 'REASON', text: ({ reason }) => reason ?? '', shrinkTo: 10, leaveOut: 2 },
]

function fromText(json: string): string {
  return countsByState(JSON.parse(json) as Operation['fromStates'])
}

export function logCommand(): Command {
  const command = new Command('log')
    .summary('List the operations on tasks')
    .description(
      'Lists the operations on tasks, newest first: when, by whom, with which application and why. A call by filter is one ' +
        'operation, however many batches it had.',
    )
    .argument('[consumer]', 'name of a consumer (default: all)')
    .option('--event <id>', "only operations that moved this event's task", nonEmpty)
    .addOption(
      new Option('--action <action>', 'only operations of this kind').choices([
        'cancel',
        'resume',
        'discard',
        'undo',
        'purge',
        'purge events',
        'hold',
        'release',
      ]),
    )
    .option('--reason <text>', 'only operations with exactly this reason', nonEmpty)
    .option('--actor <role>', 'only operations of this login role', nonEmpty)
    .option('--batches', 'list each batch of a call by filter')
  addLimit(command, 'operations').action((consumer: string | undefined, flags: LogFlags) =>
    withSession(command, async ({ db, output }) => {
      const limit = limitOf(flags)
      const table = output.table(columns)
      const { event: event_id, action, reason, actor, batches: each_batch } = flags
      const args = {
        ...{ consumer: consumer === allConsumers ? undefined : consumer, event_id, action, reason, actor, each_batch },
        with_event_ids: output.isData,
      }
      const pages = pagesOf<ShownOperation>(limit, output.isData, (last, size) =>
        db.rows({
          name: 'kanthorq_task_operations',
          args: { ...args, before: last?.id, max_operations: size },
          columns: output.isData ? whole : shown,
          ...(output.isData ? { size: 'coalesce(pg_column_size(event_ids), 0)' } : {}),
        }),
      )
      const found = await printPages(output, pages, limit, async (page) => {
        if (output.isData) await output.records(page.map(recordOf))
        else await output.lines(table.lines(page))
      })
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

function recordOf({ tasks, batches, fromStates, ...operation }: ShownOperation): object {
  const { eventIds, ...rest } = operation
  return { ...rest, batches: Number(batches), tasks: Number(tasks), fromStates: new RawJson(fromStates), eventIds }
}
