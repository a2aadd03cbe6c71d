import { Option, type Command } from 'commander'
import { addExamples } from '../help/examples.ts'
import { actionCommand } from '../transitions/transition-command.ts'
import { duration, future } from '../arguments/option-values.ts'

export function resumeCommand(): Command {
  return addExamples(
    actionCommand(
      'resume',
      {
        summary: 'have tasks worked again that are discarded or cancelled',
        description:
          'Resumes tasks that are discarded or cancelled: workers pick them up again, and each has at least one attempt left.',
      },
      [
        new Option(
          '--schedule-at <time>',
          'when they are due: 2026-01-31T03:00, or 2h from now as 2h (default: at once)',
        ).argParser(future),
        new Option('--reset-attempts', 'give them all their attempts back'),
        new Option(
          '--spread <duration>',
          'spread them evenly over this time, from when they are due: 1h',
        )
          .argParser(duration)
          .helpGroup('By filter:'),
      ],
    ),
    {
      why: 'what a provider that was down has failed, so that it is not hit by all of it at once',
      line: "kanthorq-tasks resume send_email --state discarded --error 'smtp: mailbox' --spread 2h --reason INC-42 --yes",
    },
    {
      why: 'what somebody cancelled, first only to see what would happen',
      line: 'kanthorq-tasks resume send_email --state cancelled --dry-run',
    },
  )
}
