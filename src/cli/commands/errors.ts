import { Command, Option } from 'commander'
import type { ErrorGroup } from '../../client/types.ts'
import { addFilter, filterOf, metadataNotes, type FilterFlags } from '../arguments/filter-options.ts'
import { addLimit, limitOf, type LimitFlags } from '../arguments/limit-options.ts'
import { count } from '../arguments/option-parsers.ts'
import { retypedCommand } from '../arguments/retyped-command.ts'
import { allConsumers, shownConsumer } from '../consumers.ts'
import { exitCode } from '../exit-code.ts'
import { addExamples } from '../help.ts'
import { withSession } from '../session.ts'
import { countsByState, formatAge, formatNumber, formatTime } from '../terminal/format.ts'
import type { Column } from '../terminal/table.ts'

interface ErrorsFlags extends FilterFlags, LimitFlags {
  newest?: number
}

const columns: readonly Column<ErrorGroup>[] = [
  { title: 'CONSUMER', text: ({ consumerName }) => consumerName, shrinkTo: 10 },
  { title: 'TASKS', text: ({ tasks }) => formatNumber(tasks), align: 'right' },
  { title: 'FIRST', text: ({ firstFailedAt }) => formatTime(firstFailedAt), leaveOut: 2 },
  { title: 'LAST', text: ({ lastFailedAt }) => formatTime(lastFailedAt), leaveOut: 3 },
  { title: 'AGE', text: ({ lastFailedAt }) => formatAge(lastFailedAt), align: 'right', isFleeting: true },
  { title: 'STATES', text: ({ byState }) => countsByState(byState), leaveOut: 1 },
  { title: 'NEWEST', text: ({ sampleIds: [id = ''] }) => id, leaveOut: 4 },
  { title: 'FINGERPRINT', text: ({ fingerprint }) => fingerprint, shrinkTo: 20 },
]

export function errorsCommand(): Command {
  const command = new Command('errors')
    .summary('Group failed tasks by the cause')
    .description(
      'Groups the tasks that failed by the fingerprint of their last error: its first line, with * for numbers, ids, addresses and what ' +
        'is quoted or in brackets. Prints for each cause the command that resumes its discarded tasks. Tasks that have been completed ' +
        'since count too, unless --state names others.',
    )
    .argument('[consumer]', 'name of a consumer (default: all)')
  addFilter(command, undefined, 'whose last attempt failed')
  addLimit(command, 'causes')
    .addOption(new Option('--newest <n>', 'look only at the <n> newest failures of a consumer').argParser(count))
    .action((consumer: string | undefined, flags: ErrorsFlags) =>
      withSession(command, async ({ db, output }) => {
        const { finalized_after: since, finalized_before: until, ...filter } = filterOf(flags)
        const name = consumer === allConsumers ? undefined : consumer
        const rows = await db.rows<ErrorGroup>({
          name: 'kanthorq_task_errors',
          args: { consumer: name, ...filter, since, until, max_tasks: flags.newest },
          columns: `consumer_name, fingerprint, tasks::float8 as tasks, first_failed_at, last_failed_at, by_state, by_subject,
            subjects::float8 as subjects, sample_error, sample_ids, cut`,
        })
        const groups = rows.slice(0, limitOf(flags))
        if (output.isData) await output.records(groups)
        else if (groups.length > 0)
          await output.lines([...output.table(columns).lines(groups), ...resumeLines(command, groups, flags)])
        if (rows.some(({ cut }) => cut)) output.note('there are older failures: omit --newest to count them')
        if (rows.length > groups.length) output.note(`there are more than these ${groups.length}: --all lists all of them`)
        if (groups.length > 0) return exitCode.done
        output.note(`no failed task of ${shownConsumer(consumer ?? allConsumers)} matches`, ...metadataNotes(flags))
        return exitCode.nothing
      }),
    )
  return addExamples(
    command,
    { why: 'what fails, and since when?', line: 'kanthorq-tasks errors send_email --state discarded,retryable' },
    { why: 'what has failed since that night, in all consumers?', line: 'kanthorq-tasks errors --since 2026-01-31T02:00' },
  )
}

/** The commands that resume the discarded tasks of each cause. */
function resumeLines(command: Command, groups: readonly ErrorGroup[], flags: ErrorsFlags): string[] {
  const resume = command.parent?.commands.find((each) => each.name() === 'resume')
  const wanted = groups.filter(({ byState }) => byState.discarded !== undefined)
  if (resume === undefined || wanted.length === 0) return []
  const { subject, metadata, error, createdAfter, createdBefore, since, until } = flags
  const filter = { state: ['discarded'], subject, metadata, error, createdAfter, createdBefore, since, until }
  return [
    '',
    'To resume the discarded tasks of each:',
    ...wanted.map(({ consumerName, fingerprint }) => `  ${retypedCommand(resume, { ...filter, fingerprint }, [consumerName])}`),
  ]
}
