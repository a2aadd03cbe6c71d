import { Command, Option } from 'commander'
import type { TaskStats } from '../../client/types.ts'
import { allConsumers } from '../consumers.ts'
import { addExamples } from '../help.ts'
import { exitCode } from '../exit-code.ts'
import { formatAge, formatDue, formatNumber, formatTime } from '../terminal/format.ts'
import { withSession } from '../session.ts'
import { clean } from '../terminal/line.ts'
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
  { title: 'OLDEST', text: ({ oldest }) => formatTime(oldest), leaveOut: 4 },
  { title: 'AGE', text: ({ oldest }) => formatAge(oldest), align: 'right', leaveOut: 2, isFleeting: true },
  { title: 'NEXT DUE', text: ({ nextDue }) => formatTime(nextDue), leaveOut: 3 },
  { title: '', text: ({ nextDue }) => formatDue(nextDue), leaveOut: 1, isFleeting: true },
]

interface StatsFlags {
  estimate?: boolean
}

/** For tables that are too large to be read. */
const estimateOption = () =>
  new Option('--estimate', 'estimate the numbers of tasks from a part of each table: quick, whatever its size')

export function statsCommand(): Command {
  const command = new Command('stats')
    .summary('Count tasks by state')
    .description(
      'Counts tasks by state. A stuck task is running, overdue and out of attempts: no worker will pick it up again. Reads ' +
        'every task, unless an estimate is enough.',
    )
    .argument('[consumer]', 'name of a consumer (default: all)')
    .addOption(estimateOption())
    .action((consumer: string | undefined, { estimate }: StatsFlags) =>
      withSession(command, async ({ db, output }) => {
        const stats = await db.tasks.stats(consumer === allConsumers ? undefined : consumer, { estimate })
        if (output.isData) await output.records(stats)
        else if (stats.length > 0) {
          await output.lines(output.table(columns).lines(stats))
          const held = stats.flatMap(({ consumerName, held }) =>
            held === null ? [] : [`${clean(consumerName)} is ${clean(held)}`],
          )
          output.note(...new Set(held))
        } else output.note('there are no tasks')
        return stats.length > 0 ? exitCode.done : exitCode.nothing
      }),
    )
  return addExamples(command, {
    why: 'the tasks of one consumer',
    line: 'kanthorq-tasks stats send_email',
  })
}
