import { Command, Option } from 'commander'
import { addExamples } from '../help/examples.ts'
import { exitCode } from '../exit-code.ts'
import { hasInput, namedIds, operationIdsOf } from '../arguments/ids.ts'
import { counted, formatNumber } from '../terminal/format.ts'
import { addCommon, withSession } from '../session.ts'
import { UsageError } from '../errors.ts'
import { words } from '../arguments/option-values.ts'

export function undoCommand(): Command {
  const command = new Command('undo')
    .summary('put the tasks of operations back to what they were')
    .description(
      'Puts the tasks of operations back to what they were, where nothing has touched them since. Several are undone one ' +
        'after the other: name the newest first, as log does. The ids may also come on standard input.\n\n' +
        'An undo is an operation itself: to undo the undo, give its id.',
    )
    .argument('[operations...]', 'ids of operations, as log prints them; - is standard input')
    .addOption(new Option('--reason <text>', 'why, for the log').argParser(words))
    .action(async (args: string[], { reason }: { reason?: string }) => {
      if (args.length === 0 && !hasInput())
        throw new UsageError('say which operation to undo: kanthorq-tasks log shows their ids')
      const ids = await namedIds(args, operationIdsOf)
      ids.forEach(checkId)
      await withSession(command, async ({ tasks, output }) => {
        let moved = 0
        for (const operation of ids) {
          const result = await tasks.undo(operation, reason === undefined ? {} : { reason })
          const { updated, noop } = result
          moved += updated.length
          if (output.json) await output.records([{ operation, ...result }])
          else {
            await output.lines(updated)
            output.note(
              `operation ${operation}: ${counted(updated.length, 'task')} put back, ${formatNumber(noop.length)} left alone` +
                (noop.length > 0 ? ', which something has touched since' : ''),
            )
          }
        }
        return moved > 0 ? exitCode.done : exitCode.nothing
      })
    })
  return addExamples(
    addCommon(command),
    { why: 'the operation that log shows under 1', line: 'kanthorq-tasks undo 1 --reason wrong' },
    {
      why: 'a whole cancel by filter, by the reason that was given for it',
      line: 'kanthorq-tasks log send_email --reason INC-43 --action cancel --all --json | kanthorq-tasks undo',
    },
  )
}

function checkId(id: string): void {
  if (!/^\d{1,18}$/.test(id))
    throw new UsageError(
      `${JSON.stringify(id)} is not the id of an operation: give a number that "kanthorq-tasks log" shows`,
    )
}
