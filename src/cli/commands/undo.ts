import { Command, Option } from 'commander'
import { addExamples } from '../help.ts'
import { exitCode } from '../exit-code.ts'
import { idsOrStdin, operationIdsOf } from '../arguments/ids-or-stdin.ts'
import { counted, formatNumber } from '../terminal/format.ts'
import { addCommon } from '../arguments/common-options.ts'
import { withSession } from '../session.ts'
import { UsageError } from '../errors.ts'
import { nonEmpty } from '../arguments/option-parsers.ts'

export function undoCommand(): Command {
  const command = new Command('undo')
    .summary('Restore the tasks of operations')
    .description(
      'Restores the tasks of operations, unless they have changed since. Undoes several operations in the given order: name ' +
        'the newest first, as log does. The ids may also come from standard input.\n\n' +
        'An undo is itself an operation, and can be undone by its id.',
    )
    .argument('[operations...]', 'operation ids, as log prints them; - is standard input')
    .addOption(new Option('--reason <text>', 'reason to record in the log').argParser(nonEmpty))
    .action(async (args: string[], { reason }: { reason?: string }) => {
      const missing = 'name the operations to undo: kanthorq-tasks log shows their ids'
      const ids = await idsOrStdin(args, operationIdsOf, missing)
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
                (noop.length > 0 ? ' because they have changed since' : ''),
            )
          }
        }
        return moved > 0 ? exitCode.done : exitCode.nothing
      })
    })
  return addExamples(
    addCommon(command),
    { why: 'the operation with the id 1', line: 'kanthorq-tasks undo 1 --reason wrong' },
    {
      why: 'all batches of a cancel by filter, selected by its reason',
      line: 'kanthorq-tasks log send_email --reason INC-43 --action cancel --all --json | kanthorq-tasks undo',
    },
  )
}

function checkId(id: string): void {
  if (!/^\d{1,18}$/.test(id))
    throw new UsageError(
      `${JSON.stringify(id)} is not an operation id: name a number that "kanthorq-tasks log" shows`,
    )
}
