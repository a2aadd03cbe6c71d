import { Command, Option } from 'commander'
import type { TaskClient } from '../client.ts'
import type { Operation } from '../types.ts'
import { addExamples } from './examples.ts'
import { exitCode } from './exit-code.ts'
import { formatNumber } from './number.ts'
import { addCommon, withSession } from './session.ts'
import type { Column } from './table.ts'
import { formatTime } from './time.ts'
import { count, words } from './values.ts'

interface LogFlags {
  event?: string
  action?: Operation['action']
  reason?: string
  limit?: number
  all?: boolean
}

const defaultLimit = 100
const pageSize = 100

const columns: readonly Column<Operation>[] = [
  { title: 'ID', text: ({ id }) => id, align: 'right' },
  { title: 'AT', text: ({ at }) => formatTime(at) },
  {
    title: 'ACTION',
    text: ({ action, undoes }) => (undoes === null ? action : `undo of ${undoes}`),
  },
  { title: 'CONSUMER', text: ({ consumerName }) => consumerName, shrinkTo: 10 },
  { title: 'TASKS', text: ({ tasks }) => formatNumber(tasks), align: 'right' },
  { title: 'FROM', text: ({ fromStates }) => fromText(fromStates), leaveOut: 1 },
  { title: 'BY', text: ({ actor }) => actor, shrinkTo: 8 },
  { title: 'REASON', text: ({ reason }) => reason ?? '', shrinkTo: 10 },
]

function fromText(states: Operation['fromStates']): string {
  const counts = Object.entries(states).map(([state, tasks]) => `${formatNumber(tasks)} ${state}`)
  return counts.join(', ')
}

export function logCommand(): Command {
  const command = new Command('log')
    .summary('what was done to tasks, by whom and why')
    .description(
      'Lists what was done to tasks, when, by whom and why, the newest first. Each batch of a call by filter is an operation.',
    )
    .argument('[consumer]', 'name of a consumer; without it, all of them')
    .addOption(
      new Option('--event <id>', 'only what moved the task of this event').argParser(words),
    )
    .addOption(
      new Option('--action <action>', 'only cancel, resume, discard or undo').choices([
        'cancel',
        'resume',
        'discard',
        'undo',
      ]),
    )
    .addOption(new Option('--reason <text>', 'only with exactly this reason').argParser(words))
    .addOption(
      new Option('--limit <n>', `at most so many operations (default: ${defaultLimit})`)
        .argParser(count)
        .conflicts('all'),
    )
    .option('--all', 'all of them')
    .action((consumer: string | undefined, flags: LogFlags) =>
      withSession(command, async ({ tasks, output }) => {
        const limit = flags.all ? Infinity : (flags.limit ?? defaultLimit)
        const table = output.table(columns)
        let shown = 0
        let more = false
        for await (const page of pages(tasks, consumer, flags.event)) {
          const wanted = page.filter((operation) => isWanted(operation, flags))
          const some = wanted.slice(0, limit - shown)
          more = some.length < wanted.length
          shown += some.length
          if (output.json) await output.records(...some)
          else if (some.length > 0) await output.lines(...table.lines(some))
          if (more) break
        }
        if (more)
          output.note(`there are more than these ${formatNumber(shown)}: --all lists them all`)
        if (shown === 0) output.note('the log has nothing like it')
        return shown > 0 ? exitCode.done : exitCode.nothing
      }),
    )
  return addExamples(
    addCommon(command),
    { why: 'what was done to tasks of this consumer?', line: 'kanthorq-tasks log send_email' },
    {
      why: 'who touched this one?',
      line: 'kanthorq-tasks log --event event_01m86243pcep6et4pajx64trgk',
    },
    {
      why: 'resume exactly what was discarded because it was stuck',
      line: "kanthorq-tasks log send_email --action discard --reason 'INC-41: stuck' --all --json | kanthorq-tasks resume send_email",
    },
  )
}

function isWanted(operation: Operation, { action, reason }: LogFlags): boolean {
  return (
    (action === undefined || operation.action === action) &&
    (reason === undefined || operation.reason === reason)
  )
}

async function* pages(
  tasks: TaskClient,
  consumer: string | undefined,
  eventId: string | undefined,
): AsyncGenerator<Operation[]> {
  const options = { maxOperations: pageSize, ...(eventId !== undefined && { eventId }) }
  let page = await tasks.operations(consumer, options)
  for (let last = page.at(-1); last !== undefined; last = page.at(-1)) {
    yield page
    page = await tasks.operations(consumer, { ...options, before: last.id })
  }
}
