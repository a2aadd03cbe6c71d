import type { Command } from 'commander'
import { addExamples } from '../help.ts'
import { transitionCommand } from './transition/transition-command.ts'

export function discardCommand(): Command {
  return addExamples(
    transitionCommand('discard', {
      summary: 'Discard tasks that are stuck in running',
      description:
        'Discards stuck tasks: running, overdue and out of attempts, so that no worker will pick them up again. A handler that ' +
        'outlives its visibility timeout may still be working on such a task; its acknowledgement then does nothing.',
    }),
    {
      why: 'all stuck tasks',
      line: "kanthorq-tasks discard send_email --everything --reason 'INC-41: stuck' --yes",
    },
  )
}
