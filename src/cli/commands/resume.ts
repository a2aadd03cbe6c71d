import { Option, type Command } from 'commander'
import { addExamples } from '../help.ts'
import { transitionCommand } from './transition/transition-command.ts'
import { duration, futureTime } from '../arguments/option-parsers.ts'

export function resumeCommand(): Command {
  return addExamples(
    transitionCommand(
      'resume',
      {
        summary: 'Resume tasks that are discarded or cancelled',
        description:
          'Resumes tasks that are discarded or cancelled, so that workers pick them up again. Each has at least one attempt left.',
      },
      [
        new Option(
          '--schedule-at <time>',
          'when the tasks become due: 2026-01-31T03:00, or 2h for 2 hours from now (default: now)',
        ).argParser(futureTime),
        new Option(
          '--reset-attempts',
          'set the attempt count to 0, so that a task that keeps failing runs attempt_max times',
        ),
        new Option('--spread <duration>', 'spread the due times evenly over this duration: 1h')
          .argParser(duration)
          .helpGroup('By filter:'),
      ],
    ),
    {
      why: 'tasks that failed during an outage, spread over two hours to protect the provider',
      line: "kanthorq-tasks resume send_email --state discarded --error 'smtp: mailbox' --spread 2h --reason INC-42 --yes",
    },
    {
      why: 'preview: resume all cancelled tasks',
      line: 'kanthorq-tasks resume send_email --state cancelled --dry-run',
    },
  )
}
