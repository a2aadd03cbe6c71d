import { Command } from 'commander'
import { addExamples } from '../help.ts'
import { exitCode } from '../exit-code.ts'
import { explain } from '../explain.ts'
import { explanationLines } from '../terminal/explanation-lines.ts'
import { eventIdsOf, idsOrStdin } from '../arguments/ids-or-stdin.ts'
import { withSession } from '../session.ts'

export function explainCommand(): Command {
  const command = new Command('explain')
    .summary('Explain the situation of tasks, and what can be done')
    .description(
      'Explains the situation of each task and which transitions would take it. Changes nothing. The ids may also come from ' +
        'standard input, one a line.\n\n' +
        "KanthorQ's unmodified worker can't acknowledge a retried or resumed task, so the task is never completed. This first " +
        'statement of the handler cures it:\n' +
        'if msg.Task.Metadata == nil { msg.Task.Metadata = entities.Metadata{} }',
    )
    .argument('<consumer>', 'name of the consumer')
    .argument('[ids...]', 'event ids; - is standard input')
    .option('--running', 'say whether cancel --running would take a task')
    .action(async (consumer: string, args: string[], { running }: { running?: boolean }) => {
      const ids = await idsOrStdin(args, eventIdsOf, 'name the tasks to explain: event ids')
      await withSession(command, async ({ db, output }) => {
        const explanations = await explain(db, consumer, ids, running)
        if (output.isData) await output.records(explanations)
        else await output.lines(explanationLines(explanations, output.isOnTerminal))
        return explanations.some(({ state }) => state !== null) ? exitCode.done : exitCode.nothing
      })
    })
  return addExamples(command, {
    why: 'why does no worker pick this task up?',
    line: 'kanthorq-tasks explain send_email event_01m8623p0hft2sae2tj5y15gjc',
  })
}
