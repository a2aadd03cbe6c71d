import { Command } from 'commander'
import { idsOrStdin, operationIdsOf } from '../arguments/ids-or-stdin.ts'
import { duration, nonEmpty, type Duration } from '../arguments/option-parsers.ts'
import { retypedCommand } from '../arguments/retyped-command.ts'
import { UsageError } from '../errors.ts'
import { exitCode } from '../exit-code.ts'
import { addExamples } from '../help.ts'
import { withSession } from '../session.ts'
import { counted, formatNumber } from '../terminal/format.ts'
import { runBulkCall } from './transition/bulk-call.ts'

interface UndoFlags {
  bulk?: string
  pause?: Duration
  reason?: string
}

export function undoCommand(): Command {
  const command = new Command('undo')
    .summary('Restore the tasks of operations')
    .description(
      'Restores the tasks of operations, unless they have changed since. Undoes several operations in the given order: name ' +
        'the newest first, as log does. The ids may also come from standard input.\n\n' +
        'With --bulk, restores the tasks of a whole call by filter, in batches, each committed.\n\n' +
        'An undo is itself an operation, and can be undone by its id.',
    )
    .argument('[operations...]', 'operation ids, as log prints them; - is standard input')
    .option('--bulk <id>', 'undo all batches of a call by filter')
    .option('--pause <duration>', 'wait between the batches of --bulk', duration)
    .option('--reason <text>', 'reason to record in the log', nonEmpty)
    .action((args: string[], flags: UndoFlags) =>
      flags.bulk === undefined ? undoOperations(command, args, flags) : undoBulk(command, args, flags.bulk, flags),
    )
  return addExamples(
    command,
    { why: 'the operation with the id 1', line: 'kanthorq-tasks undo 1 --reason wrong' },
    {
      why: 'all batches of a cancel by filter, selected by its reason',
      line: 'kanthorq-tasks log send_email --reason INC-43 --batches --json | kanthorq-tasks undo',
    },
  )
}

async function undoOperations(command: Command, args: string[], { reason, pause }: UndoFlags): Promise<void> {
  if (pause) throw new UsageError('--pause requires --bulk')
  const missing = 'name the operations to undo: kanthorq-tasks log shows their ids'
  const ids = await idsOrStdin(args, operationIdsOf, missing)
  ids.forEach(checkId)
  await withSession(command, async ({ tasks, output }) => {
    let moved = 0
    for (const operation of ids) {
      const result = await tasks.undo(operation, { reason })
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
}

async function undoBulk(command: Command, args: string[], bulk: string, { reason, pause }: UndoFlags): Promise<void> {
  if (args.length > 0) throw new UsageError('--bulk cannot be combined with operation ids')
  checkId(bulk)
  await withSession(command, ({ tasks, output }) =>
    runBulkCall(output, {
      facts: { bulk },
      done: 'put back',
      skippedBecause: 'changed since',
      total: undefined,
      run: (more) => tasks.undoAll(bulk, { reason, pause: pause?.milliseconds, ...more }),
      toContinue: () => retypedCommand(command),
    }),
  )
}

function checkId(id: string): void {
  if (!/^\d{1,18}$/.test(id))
    throw new UsageError(`${JSON.stringify(id)} is not an operation id: name a number that "kanthorq-tasks log" shows`)
}
