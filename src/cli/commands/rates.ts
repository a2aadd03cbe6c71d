import { Command, Option } from 'commander'
import type { TaskRates } from '../../client/types.ts'
import { duration, pastTime, type Duration } from '../arguments/option-parsers.ts'
import { allConsumers } from '../consumers.ts'
import { exitCode } from '../exit-code.ts'
import { addExamples } from '../help.ts'
import { withSession } from '../session.ts'
import { formatNumber, formatTime } from '../terminal/format.ts'
import type { Column } from '../terminal/table.ts'

interface RatesFlags {
  since?: Date
  bucket?: Duration
}

const counts = ['arrived', 'completed', 'failed', 'discarded', 'cancelled', 'waiting'] as const

const columns: readonly Column<TaskRates>[] = [
  { title: 'CONSUMER', text: ({ consumerName }) => consumerName, shrinkTo: 10 },
  { title: 'FROM', text: ({ at }) => formatTime(at) },
  ...counts.map((count): Column<TaskRates> => ({
    title: count.toUpperCase(),
    text: (row) => formatNumber(row[count]),
    align: 'right',
  })),
]

export function ratesCommand(): Command {
  const command = new Command('rates')
    .summary('Count what happened to tasks over time')
    .description(
      'Counts the tasks that arrived, were completed, discarded and cancelled, and the attempts that failed, in each bucket of time, ' +
        'and the tasks that waited at its end. A task counts as it is now. Reads every task.',
    )
    .argument('[consumer]', 'name of a consumer (default: all)')
    .addOption(
      new Option('--since <time>', 'from when on: 2026-01-31T03:00, or 2h for 2 hours ago (default: 1h)').argParser(pastTime),
    )
    .addOption(new Option('--bucket <duration>', 'the length of a bucket (default: 5m)').argParser(duration))
    .action((consumer: string | undefined, { since, bucket }: RatesFlags) =>
      withSession(command, async ({ db, output }) => {
        const name = consumer === allConsumers ? undefined : consumer
        const rates = await db.tasks.rates(name, { since, bucket: bucket?.milliseconds })
        if (output.isData) await output.records(rates)
        else if (rates.length > 0) await output.lines(output.table(columns).lines(rates))
        else output.note('there are no consumers')
        return rates.length > 0 ? exitCode.done : exitCode.nothing
      }),
    )
  return addExamples(command, {
    why: 'the last two hours, by quarters',
    line: 'kanthorq-tasks rates send_email --since 2h --bucket 15m',
  })
}
