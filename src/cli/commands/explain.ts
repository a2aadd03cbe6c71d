import { Command } from 'commander'
import type { Explanation } from '../../client/types.ts'
import type { Paint } from '../terminal/colour.ts'
import { UsageError } from '../errors.ts'
import { addExamples } from '../help/examples.ts'
import { exitCode } from '../exit-code.ts'
import { clean, formatTime } from '../terminal/format.ts'
import { eventIdsOf, hasInput, namedIds } from '../arguments/ids.ts'
import { addCommon, withSession } from '../session.ts'

export function explainCommand(): Command {
  const command = new Command('explain')
    .summary('what can be done about these tasks, and why')
    .description(
      'Says of each task where it stands and what can be done about it, without doing it. The ids may also come on standard ' +
        'input, one a line.',
    )
    .argument('<consumer>', 'name of the consumer')
    .argument('[ids...]', 'ids of events; - is standard input')
    .action(async (consumer: string, args: string[]) => {
      if (args.length === 0 && !hasInput())
        throw new UsageError('say which tasks to explain: their event ids')
      const ids = await namedIds(args, eventIdsOf)
      await withSession(command, async ({ tasks, output }) => {
        const explanations = await tasks.explain(consumer, ids)
        if (output.json) await output.records(explanations)
        else await output.lines(explainLines(explanations, output.paint))
        return explanations.some(({ state }) => state !== null) ? exitCode.done : exitCode.nothing
      })
    })
  return addExamples(addCommon(command), {
    why: 'why does nobody work on this?',
    line: 'kanthorq-tasks explain send_email event_01m8623p0hft2sae2tj5y15gjc',
  })
}

/** Explanations for people: the id, why, and what can be done. */
export function explainLines(explanations: readonly Explanation[], paint: Paint): string[] {
  return explanations.flatMap(({ eventId, state, why, nextRunAt, ...can }) => [
    `${clean(eventId)}  ${state === null ? 'no task' : paint(state, state)}`,
    `  ${clean(why)}`,
    ...(nextRunAt === null ? [] : [`  may run at ${formatTime(nextRunAt)}`]),
    ...possible(can),
  ])
}

function possible(can: { canCancel: boolean; canResume: boolean; canDiscard: boolean }): string[] {
  const actions = [
    ...(can.canCancel ? ['cancel'] : []),
    ...(can.canResume ? ['resume'] : []),
    ...(can.canDiscard ? ['discard'] : []),
  ]
  return actions.length === 0 ? [] : [`  ${actions.join(' or ')} would take it`]
}
