import { Command, Option } from 'commander'
import { nonEmpty } from '../arguments/option-parsers.ts'
import type { Database } from '../database.ts'
import { exitCode } from '../exit-code.ts'
import { addExamples } from '../help.ts'
import { withSession } from '../session.ts'
import { clean } from '../terminal/line.ts'

interface HoldFlags {
  reason?: string
  intakeOnly?: boolean
}

const reasonOption = () => new Option('--reason <text>', 'reason to record in the log').argParser(nonEmpty)

export function holdCommand(): Command {
  const command = new Command('hold')
    .summary('Stop the intake of a consumer')
    .description(
      'Stops the intake of a consumer until release: new events get no tasks, and workers take no retryable or overdue tasks. ' +
        "Workers acknowledge the tasks that they have, and all commands work. KanthorQ's program is not touched, but its registry and its " +
        'table of the tasks are changed while the hold lasts.',
    )
    .argument('<consumer>', 'name of the consumer')
    .addOption(reasonOption())
    .option('--intake-only', 'leave the tasks to the workers: only new events get none')
    .action((consumer: string, { reason, intakeOnly }: HoldFlags) =>
      withSession(command, async ({ db, output }) => {
        const isNew = await db.tasks.hold(consumer, { reason, intakeOnly })
        const held = await heldOf(db, consumer)
        if (output.isData) await output.records([{ consumer, changed: isNew, held }])
        else await output.lines([`${clean(consumer)} is ${clean(held ?? 'not held any more')}`])
        return isNew ? exitCode.done : exitCode.nothing
      }),
    )
  return addExamples(command, {
    why: 'during a migration of the database',
    line: 'kanthorq-tasks hold send_email --reason INC-42',
  })
}

export function releaseCommand(): Command {
  const command = new Command('release')
    .summary('End the hold of a consumer')
    .description(
      'Ends the hold of a consumer: the events that came meanwhile get their tasks, and workers take retryable and overdue tasks again.',
    )
    .argument('<consumer>', 'name of the consumer')
    .addOption(reasonOption())
    .action((consumer: string, { reason }: HoldFlags) =>
      withSession(command, async ({ db, output }) => {
        const wasHeld = await db.tasks.endHold(consumer, { reason })
        if (output.isData) await output.records([{ consumer, changed: wasHeld }])
        else await output.lines([`${clean(consumer)} ${wasHeld ? 'is released' : 'was not held'}`])
        return wasHeld ? exitCode.done : exitCode.nothing
      }),
    )
  return addExamples(command, { why: 'the migration is done', line: 'kanthorq-tasks release send_email --reason INC-42' })
}

/** Since when a consumer is held, by whom and why; null if it is not. */
async function heldOf(db: Database, consumer: string): Promise<string | null> {
  const rows = await db.rows<{ consumerName: string; held: string | null }>({
    name: 'kanthorq_consumer_list',
    args: {},
    columns: 'consumer_name, held',
  })
  return rows.find(({ consumerName }) => consumerName === consumer)?.held ?? null
}
