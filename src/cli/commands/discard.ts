import type { Command } from 'commander'
import { addExamples } from '../help/examples.ts'
import { actionCommand } from '../transitions/transition-command.ts'

export function discardCommand(): Command {
  return addExamples(
    actionCommand('discard', {
      summary: 'discard tasks that are stuck in running',
      description:
        'Discards tasks that are stuck: running, overdue and out of attempts, so that no worker will ever take them.',
    }),
    {
      why: 'all that are stuck; what a worker may still hold is left alone',
      line: "kanthorq-tasks discard send_email --everything --reason 'INC-41: stuck' --yes",
    },
  )
}
