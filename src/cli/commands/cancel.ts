import type { Command } from 'commander'
import { addExamples } from '../help.ts'
import { transitionCommand } from './transition/transition-command.ts'

export function cancelCommand(): Command {
  return addExamples(
    transitionCommand('cancel', {
      summary: 'Cancel tasks that are pending, available or retryable',
      description:
        'Cancels tasks that are pending, available or retryable. Running tasks are left alone: a worker may hold them.',
    }),
    {
      why: 'two tasks',
      line: 'kanthorq-tasks cancel send_email event_01m86243pcep6et4pajx64trgk event_01m86243pfk2pszs5ex2y3zgyx --reason INC-42',
    },
    {
      why: 'all tasks that a bad deploy published',
      line: "kanthorq-tasks cancel send_email --subject 'order.parked' --created-before 1m --reason INC-43 --yes",
    },
  )
}
