import { setTimeout } from 'node:timers/promises'
import { Command, Option } from 'commander'
import type { TaskState } from '../../client/types.ts'
import { durationUpTo, states, type Duration } from '../arguments/option-parsers.ts'
import type { Database } from '../database.ts'
import { UsageError } from '../errors.ts'
import { exitCode } from '../exit-code.ts'
import { addExamples } from '../help.ts'
import { withSession } from '../session.ts'
import { formatAge, formatNumber, formatTime } from '../terminal/format.ts'
import type { Column } from '../terminal/table.ts'
import { heldColumn } from './consumers.ts'

interface TopFlags {
  estimate?: boolean
  once?: boolean
  every?: Duration
}

/** A consumer in the table. */
interface Standing {
  consumerName: string
  unread: number | null
  byState: Partial<Record<TaskState, number>>
  stuck: number
  /** In the last whole minute; null with estimates. */
  arrived: number | null
  completed: number | null
  failed: number | null
  oldestDue: Date | null
  held: string | null
}

const minute = 60_000

const columns: readonly Column<Standing>[] = [
  { title: 'CONSUMER', text: ({ consumerName }) => consumerName, shrinkTo: 10 },
  { title: 'UNREAD', text: ({ unread }) => (unread === null ? '?' : formatNumber(unread)), align: 'right' },
  ...states.map((state): Column<Standing> => ({
    title: state.toUpperCase(),
    text: ({ byState }) => formatNumber(byState[state] ?? 0),
    align: 'right',
    colour: ({ byState }) => ((byState[state] ?? 0) > 0 ? state : undefined),
    ...(state === 'running' || state === 'discarded' ? {} : { leaveOut: state === 'retryable' ? 1 : 3 }),
  })),
  {
    title: 'STUCK',
    text: ({ stuck }) => formatNumber(stuck),
    align: 'right',
    colour: ({ stuck }) => (stuck > 0 ? 'stuck' : undefined),
  },
  { title: 'NEW/MIN', text: ({ arrived }) => rateText(arrived), align: 'right', leaveOut: 2 },
  { title: 'DONE/MIN', text: ({ completed }) => rateText(completed), align: 'right' },
  { title: 'FAILED/MIN', text: ({ failed }) => rateText(failed), align: 'right', leaveOut: 1 },
  { title: 'LATE', text: ({ oldestDue }) => formatAge(oldestDue), align: 'right' },
  heldColumn,
]

const rateText = (rate: number | null) => (rate === null ? '' : formatNumber(rate))

/** Without the column for holds where nothing is held. */
function columnsFor(standings: readonly Standing[]): readonly Column<Standing>[] {
  return standings.some(({ held }) => held !== null) ? columns : columns.filter((column) => column !== heldColumn)
}

export function topCommand(): Command {
  const command = new Command('top')
    .summary('Watch the consumers')
    .description(
      'Shows all consumers, and draws them anew until Ctrl-C: events that are not read yet, tasks by state, stuck tasks, what arrived, was ' +
        'completed and failed in the last whole minute, and for how long the oldest task has been due. Each look reads every task, unless ' +
        'the numbers are estimated.',
    )
    .addOption(new Option('--once', 'print it once, for scripts').conflicts('every'))
    .addOption(
      new Option(
        '--estimate',
        'estimate the numbers of tasks from a part of each table, and leave out the last minute: quick, whatever its size',
      ),
    )
    .addOption(new Option('--every <duration>', 'the time between two looks (default: 5s)').argParser(durationUpTo('1d')))
    .action((flags: TopFlags) =>
      withSession(command, async ({ db, output }) => {
        if (flags.once || output.isData) {
          const standings = await standingsOf(db, flags.estimate)
          if (output.isData) await output.records(standings)
          else if (standings.length > 0) await output.lines(output.table(columnsFor(standings)).lines(standings))
          else output.note('there are no consumers')
          return standings.length > 0 ? exitCode.done : exitCode.nothing
        }
        if (!output.canDraw) throw new UsageError('there is no terminal to draw on: pass --once')
        const stop = new AbortController()
        const interrupt = () => {
          stop.abort()
        }
        process.once('SIGINT', interrupt)
        try {
          while (!stop.signal.aborted && output.isRead) {
            const standings = await standingsOf(db, flags.estimate)
            await output.screen([
              `kanthorq-tasks top, ${formatTime(new Date())}, Ctrl-C ends it`,
              '',
              ...output.table(columnsFor(standings)).lines(standings),
            ])
            await setTimeout(flags.every?.milliseconds ?? 5000, undefined, { signal: stop.signal }).catch(() => undefined)
          }
        } finally {
          process.off('SIGINT', interrupt)
        }
        return exitCode.done
      }),
    )
  return addExamples(command, { why: 'one look', line: 'kanthorq-tasks top --once' })
}

async function standingsOf({ tasks }: Database, estimate = false): Promise<Standing[]> {
  const consumers = await tasks.consumers()
  const stats = await tasks.stats(undefined, { estimate })
  const rates = estimate ? [] : await tasks.rates(undefined, { since: new Date(Date.now() - minute), bucket: minute })
  return consumers.map(({ consumerName, unread, oldestDue, held }) => {
    const own = stats.filter((row) => row.consumerName === consumerName)
    // The first bucket is the last whole minute.
    const rate = rates.find((row) => row.consumerName === consumerName)
    return {
      consumerName,
      unread,
      byState: Object.fromEntries(own.map((row) => [row.state, row.tasks])),
      stuck: own.reduce((sum, row) => sum + row.stuck, 0),
      arrived: rate?.arrived ?? null,
      completed: rate?.completed ?? null,
      failed: rate?.failed ?? null,
      oldestDue,
      held,
    }
  })
}
