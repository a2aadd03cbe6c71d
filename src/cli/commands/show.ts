import { Command } from 'commander'
import type { HistoryEntry } from '../../client/types.ts'
import { addExamples } from '../help.ts'
import { exitCode } from '../exit-code.ts'
import { formatAge, formatTime } from '../terminal/format.ts'
import { withSession } from '../session.ts'
import type { Column } from '../terminal/table.ts'

const columns: readonly Column<HistoryEntry>[] = [
  { title: 'CONSUMER', text: ({ consumerName }) => consumerName, shrinkTo: 10 },
  { title: 'AT', text: ({ at }) => formatTime(at), leaveOut: 2 },
  { title: 'AGE', text: ({ at }) => formatAge(at), align: 'right', isFleeting: true },
  { title: 'WHAT', text: ({ what, undone }) => (undone === true ? `${what}, undone` : what) },
  { title: 'DETAIL', text: ({ detail }) => detail ?? '', shrinkTo: 20 },
  { title: 'BY', text: ({ actor }) => actor ?? '', shrinkTo: 8 },
  { title: 'OPERATION', text: ({ operationId }) => operationId ?? '', align: 'right', leaveOut: 1 },
  { title: 'REASON', text: ({ reason }) => reason ?? '', shrinkTo: 8 },
]

export function showCommand(): Command {
  const command = new Command('show')
    .summary("Show the history of an event's tasks")
    .description(
      'Shows what happened to the tasks of an event, oldest first: when they were made, which attempts failed, who did what and why, and ' +
        'where they stand now. An operation that the log has lost by a purge is missing.',
    )
    .argument('<id>', 'event id')
    .argument('[consumer]', 'name of a consumer (default: all)')
    .action((event_id: string, consumer: string | undefined) =>
      withSession(command, async ({ db, output }) => {
        const entries = await db.rows<HistoryEntry>({
          name: 'kanthorq_task_history',
          args: { event_id, consumer },
          // An error may have any length.
          columns: 'consumer_name, at, what, left(detail, 1000) as detail, actor, reason, operation_id, undone',
        })
        if (output.isData) await output.records(entries)
        else if (entries.length > 0) await output.lines(output.table(columns).lines(entries))
        else output.note('no consumer has a task of this event')
        return entries.length > 0 ? exitCode.done : exitCode.nothing
      }),
    )
  return addExamples(command, {
    why: 'who did what to this task, and when?',
    line: 'kanthorq-tasks show event_01m8623p0hft2sae2tj5y15gjc',
  })
}
