import { Option } from 'commander'
import type { TaskAction, TaskState } from '../../../client/types.ts'
import { durationUpTo, futureTime } from '../../arguments/option-parsers.ts'
import type { Example } from '../../help.ts'

/** How the program describes a transition. The stored functions decide which tasks it takes. */
interface Transition {
  takes: readonly TaskState[]
  /** What happens to the tasks. */
  done: string
  summary: string
  description: string
  /** Options that no other transition has. */
  options?: readonly Option[]
  examples: readonly Example[]
}

export const transitions: Record<TaskAction, Transition> = {
  cancel: {
    takes: ['pending', 'available', 'retryable', 'running'],
    done: 'cancelled',
    summary: 'Cancel tasks that are pending, available or retryable',
    description:
      'Cancels tasks that are pending, available or retryable. Running tasks are left alone, because a worker may hold them, ' +
      'unless --running says otherwise: a handler that is at work on one is not stopped, and what it reports does nothing.',
    options: [new Option('--running', 'cancel running tasks too')],
    examples: [
      {
        why: 'two tasks',
        line: 'kanthorq-tasks cancel send_email event_01m86243pcep6et4pajx64trgk event_01m86243pfk2pszs5ex2y3zgyx --reason INC-42',
      },
      {
        why: 'all tasks that a bad deploy published',
        line: "kanthorq-tasks cancel send_email --subject 'order.parked' --created-before 1m --reason INC-43 --yes",
      },
      {
        why: 'preview: also what workers are at',
        line: 'kanthorq-tasks cancel send_email --everything --running --dry-run',
      },
    ],
  },
  resume: {
    takes: ['discarded', 'cancelled'],
    done: 'resumed',
    summary: 'Resume tasks that are discarded or cancelled',
    description:
      'Resumes tasks that are discarded or cancelled, so that workers pick them up again. Each has at least one attempt left. ' +
      "KanthorQ's worker completes them only with one more line in its handler: see explain --help.",
    options: [
      new Option(
        '--schedule-at <time>',
        'when the tasks become due: 2026-01-31T03:00, or 2h for 2 hours from now (default: now)',
      ).argParser(futureTime),
      new Option('--reset-attempts', 'set the attempt count to 0, so that a task that keeps failing runs attempt_max times'),
      new Option('--spread <duration>', 'spread the due times evenly over this duration: 1h')
        .argParser(durationUpTo('5200w'))
        .helpGroup('By filter:'),
    ],
    examples: [
      {
        why: 'tasks that failed during an outage, spread over two hours to protect the provider',
        line: "kanthorq-tasks resume send_email --state discarded --error 'smtp: mailbox' --spread 2h --reason INC-42 --yes",
      },
      {
        why: 'preview: resume all cancelled tasks',
        line: 'kanthorq-tasks resume send_email --state cancelled --dry-run',
      },
    ],
  },
  discard: {
    takes: ['running'],
    done: 'discarded',
    summary: 'Discard tasks that are stuck in running',
    description:
      'Discards stuck tasks: running, overdue and out of attempts, so that no worker will pick them up again. A handler that ' +
      'outlives its visibility timeout may still be working on such a task; its acknowledgement then does nothing.',
    examples: [
      {
        why: 'all stuck tasks',
        line: "kanthorq-tasks discard send_email --everything --reason 'INC-41: stuck' --yes",
      },
    ],
  },
}
