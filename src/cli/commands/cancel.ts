import type { Command } from 'commander'
import { addExamples } from '../help/examples.ts'
import { actionCommand } from '../transitions/transition-command.ts'

export function cancelCommand(): Command {
  return addExamples(
    actionCommand('cancel', {
      summary: 'cancel tasks that are pending, available or retryable',
      description: 'Cancels tasks that are pending, available or retryable.',
    }),
    {
      why: 'two tasks',
      line: 'kanthorq-tasks cancel send_email event_01m86243pcep6et4pajx64trgk event_01m86243pfk2pszs5ex2y3zgyx --reason INC-42',
    },
    {
      why: 'what a bad deploy published',
      line: "kanthorq-tasks cancel send_email --subject 'order.parked' --created-before 1m --reason INC-43 --yes",
    },
  )
}
