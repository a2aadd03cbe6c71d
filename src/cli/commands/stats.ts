import { Command } from 'commander'
import type { TaskStats } from '../../client/types.ts'
import { addExamples } from '../help/examples.ts'
import { exitCode } from '../exit-code.ts'
import { formatNumber, formatTime } from '../terminal/format.ts'
import { addCommon, withSession } from '../session.ts'
import type { Column } from '../terminal/table.ts'

const columns: readonly Column<TaskStats>[] = [
  { title: 'CONSUMER', text: ({ consumerName }) => consumerName, shrinkTo: 12 },
  { title: 'STATE', text: ({ state }) => state, colour: ({ state }) => state },
  { title: 'TASKS', text: ({ tasks }) => formatNumber(tasks), align: 'right' },
  {
    title: 'STUCK',
    text: ({ stuck }) => formatNumber(stuck),
    align: 'right',
    colour: ({ stuck }) => (stuck > 0 ? 'stuck' : undefined),
  },
  { title: 'OLDEST', text: ({ oldest }) => formatTime(oldest), leaveOut: 2 },
  { title: 'NEXT DUE', text: ({ nextDue }) => formatTime(nextDue), leaveOut: 1 },
]

export function statsCommand(): Command {
  const command = new Command('stats')
    .summary('how many tasks are in each state')
    .description(
      'Counts the tasks in each state. Stuck are those that are running, overdue and out of attempts, so that no worker will ' +
        'take them. Looks at every task.',
    )
    .argument('[consumer]', 'name of a consumer; without it, all of them')
    .action((consumer?: string) =>
      withSession(command, async ({ tasks, output }) => {
        const stats = await tasks.stats(consumer)
        if (output.json) await output.records(stats)
        else if (stats.length > 0) await output.lines(output.table(columns).lines(stats))
        else output.note('there are no tasks')
        return stats.length > 0 ? exitCode.done : exitCode.nothing
      }),
    )
  return addExamples(addCommon(command), {
    why: 'where do the tasks of this consumer stand?',
    line: 'kanthorq-tasks stats send_email',
  })
}
