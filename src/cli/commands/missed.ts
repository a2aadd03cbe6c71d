import { Command, Option } from 'commander'
import type { MissedEvent, Task } from '../../client/types.ts'
import { pastTime } from '../arguments/option-parsers.ts'
import { asked, confirmationOptions, placeOf, refuseWithoutTerminal, type Confirmation } from '../confirmation.ts'
import { exitCode, type ExitCode } from '../exit-code.ts'
import { addExamples } from '../help.ts'
import { withSession, type Session } from '../session.ts'
import { counted, formatAge, formatTime } from '../terminal/format.ts'
import type { Column } from '../terminal/table.ts'

interface MissedFlags extends Confirmation {
  since?: Date
  convert?: boolean
}

type ShownEvent = Pick<MissedEvent, 'eventId' | 'subject' | 'createdAt'>

const columns: readonly Column<ShownEvent>[] = [
  { title: 'EVENT ID', text: ({ eventId }) => eventId },
  { title: 'SUBJECT', text: ({ subject }) => subject, shrinkTo: 10 },
  { title: 'CREATED', text: ({ createdAt }) => formatTime(createdAt), leaveOut: 1 },
  { title: 'AGE', text: ({ createdAt }) => formatAge(createdAt), align: 'right', isFleeting: true },
]

export function missedCommand(): Command {
  const command = new Command('missed')
    .summary('List the events that got no task, and make their tasks')
    .description(
      'Lists the events that match a consumer, lie behind its cursor and have no task: KanthorQ passed over them. It does so if an ' +
        'event is committed after a younger one was read. An event whose task was deleted looks the same.\n\n' +
        'With --convert it asks, and makes their tasks. Workers take these after the visibility timeout of the consumer.',
    )
    .argument('<consumer>', 'name of the consumer')
    .addOption(
      new Option('--since <time>', 'only events since then: 2026-01-31T03:00, or 2h for 2 hours ago (default: 1d)').argParser(
        pastTime,
      ),
    )
    .option('--convert', 'make a task of each; only the owner of the functions may')
  for (const option of confirmationOptions()) command.addOption(option)
  command.action(async (consumer: string, flags: MissedFlags) => {
    if (flags.convert) refuseWithoutTerminal(flags)
    await withSession(command, (session) => listOrConvert(session, consumer, flags))
  })
  return addExamples(
    command,
    { why: 'the events of the last week that got no task', line: 'kanthorq-tasks missed send_email --since 7d' },
    { why: 'have them handled', line: 'kanthorq-tasks missed send_email --since 7d --convert --yes' },
  )
}

async function listOrConvert(
  session: Session,
  consumer: string,
  { since, convert, dryRun, yes }: MissedFlags,
): Promise<ExitCode> {
  const { db, output } = session
  const events = await db.rows<ShownEvent>({
    name: 'kanthorq_event_missed',
    args: { consumer, since },
    columns: 'event_id, subject, created_at',
  })
  const isListed = !convert || dryRun
  if (output.isData && isListed) await output.records(events)
  if (events.length === 0) {
    output.note(`${consumer} has missed no event`)
    return exitCode.done
  }
  if (isListed) {
    if (!output.isData) await output.lines(output.table(columns).lines(events))
    return exitCode.done
  }
  if (!yes) {
    output.note(await placeOf(session), ...output.noteTable(columns).lines(events))
    const no = await asked(session, `Make ${counted(events.length, 'task')}?`)
    if (no !== undefined) return no
  }
  const made = await db.rows<Pick<Task, 'eventId' | 'scheduleAt'>>({
    name: 'kanthorq_task_convert',
    args: { consumer, event_ids: events.map(({ eventId }) => eventId) },
    columns: 'event_id, schedule_at',
  })
  if (output.isData) await output.records(made)
  else await output.ids(made.map(({ eventId }) => eventId))
  const [first] = made
  output.note(`${counted(made.length, 'task')} made${first === undefined ? '' : `, due at ${formatTime(first.scheduleAt)}`}`)
  return made.length > 0 ? exitCode.done : exitCode.nothing
}
