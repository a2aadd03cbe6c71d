import { Command } from 'commander'
import type { Consumer } from '../../client/types.ts'
import { exitCode } from '../exit-code.ts'
import { addExamples } from '../help.ts'
import { withSession } from '../session.ts'
import { formatAge, formatDuration, formatNumber, formatTime } from '../terminal/format.ts'
import type { Column } from '../terminal/table.ts'

/** The number of unread events to count at most. */
const maxEvents = 100_000

/** Since when a consumer is held, by whom and why. */
export const heldColumn: Column<Pick<Consumer, 'held'>> = {
  title: 'HELD',
  text: ({ held }) => held?.replace(/^held /, '') ?? '',
  shrinkTo: 10,
}

const columns: readonly Column<Consumer>[] = [
  { title: 'CONSUMER', text: ({ consumerName }) => consumerName, shrinkTo: 12 },
  { title: 'STREAM', text: ({ streamName }) => streamName, shrinkTo: 10, leaveOut: 3 },
  { title: 'INCLUDES', text: ({ subjectIncludes }) => subjectIncludes.join(','), shrinkTo: 8, leaveOut: 1 },
  { title: 'EXCLUDES', text: ({ subjectExcludes }) => subjectExcludes.join(','), shrinkTo: 8, leaveOut: 2 },
  { title: 'ATTEMPTS', text: ({ attemptMax }) => formatNumber(attemptMax), align: 'right', leaveOut: 4 },
  { title: 'TIMEOUT', text: ({ visibilityTimeout }) => formatDuration(visibilityTimeout), align: 'right', leaveOut: 5 },
  { title: 'UNREAD', text: ({ unread }) => unreadText(unread), align: 'right' },
  { title: 'SINCE', text: ({ oldestUnread }) => formatAge(oldestUnread), align: 'right', isFleeting: true },
  { title: 'DUE SINCE', text: ({ oldestDue }) => formatTime(oldestDue), leaveOut: 6 },
  { title: 'LATE', text: ({ oldestDue }) => formatAge(oldestDue), align: 'right', isFleeting: true },
  heldColumn,
]

export function consumersCommand(): Command {
  const command = new Command('consumers')
    .summary('List the consumers, and how late they are')
    .description(
      'Lists all consumers, also those without tasks: their settings, how many events they have not read yet, and since when their ' +
        `oldest task is due. Counts no tasks, and at most ${formatNumber(maxEvents)} events of each.`,
    )
    .action(() =>
      withSession(command, async ({ db, output }) => {
        const consumers = await db.tasks.consumers({ maxEvents })
        if (output.isData) await output.records(consumers)
        else if (consumers.length > 0) await output.lines(output.table(columns).lines(consumers))
        else output.note('there are no consumers')
        return consumers.length > 0 ? exitCode.done : exitCode.nothing
      }),
    )
  return addExamples(command, { why: 'all consumers', line: 'kanthorq-tasks consumers' })
}

function unreadText(unread: number | null): string {
  return unread === null ? '?' : `${formatNumber(unread)}${unread === maxEvents ? '+' : ''}`
}
