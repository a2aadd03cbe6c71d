import { Command, Option } from 'commander'
import type { WorkerMetrics } from '../../../worker/types.ts'
import { commonFlags } from '../../arguments/common-options.ts'
import { countUpTo, durationUpTo, nonEmpty, type Duration } from '../../arguments/option-parsers.ts'
import { targetOf } from '../../connect.ts'
import { exitCode, type ExitCode } from '../../exit-code.ts'
import { addExamples } from '../../help.ts'
import { Pool } from '../../pool.ts'
import { outputOf } from '../../session.ts'
import { counted } from '../../terminal/format.ts'
import { work } from './work.ts'

interface WorkFlags {
  concurrency?: number
  subject?: string[]
  timeout?: Duration
  drain?: boolean
}

/** The most handlers at a time. */
const most = 1000

export function workCommand(): Command {
  const command = new Command('work')
    .summary('Work off tasks with a command')
    .description(
      'Runs a command for each task: those that are due, and those of new events. It gets the body of the event on standard input, and in ' +
        'the environment KANTHORQ_EVENT_ID, KANTHORQ_SUBJECT, KANTHORQ_METADATA (JSON), KANTHORQ_ATTEMPT (0 is the first), ' +
        'KANTHORQ_ATTEMPT_MAX and KANTHORQ_CREATED_AT. The exit code decides: with 0 the task is completed, otherwise it has failed, and the ' +
        'last line on standard error is its error.\n\n' +
        'While the command runs, the task stays with this worker. If the task is cancelled or lost, the command gets SIGTERM. The first ' +
        'Ctrl-C or SIGTERM stops the worker after the tasks that it has, the second one ends their commands and gives the tasks back. It ' +
        'waits for a server that is away.\n\n' +
        'A task that is interrupted by a crash runs again: the command has to bear that.',
    )
    .argument('<consumer>', 'name of the consumer')
    .argument('<command...>', 'the command and its arguments, after --')
    .addOption(new Option('--concurrency <n>', 'tasks at a time (default: 1)').argParser(countUpTo(most)))
    .addOption(
      new Option('--subject <filter>', 'only tasks with a matching subject; repeat it for more').argParser(
        (text: string, before: string[] | undefined) => [...(before ?? []), nonEmpty(text)],
      ),
    )
    .addOption(
      new Option('--timeout <duration>', 'end a command that takes longer; its task has failed').argParser(durationUpTo('1d')),
    )
    .option('--drain', 'stop when no task is due; exit code 1 if one has failed, 3 if there was none')
    .action(async (consumer: string, words: string[], flags: WorkFlags) => {
      const given = commonFlags(command)
      const { url, schema } = targetOf(given.url, given.schema)
      const output = outputOf(command)
      const pool = new Pool(url)
      try {
        // A wrong address is an error, and nothing to wait for.
        const connection = await pool.connect()
        connection.release()
        const [results, signal] = await work(pool, output, {
          schema,
          consumer,
          words,
          concurrency: flags.concurrency ?? 1,
          subjects: flags.subject,
          timeout: flags.timeout?.milliseconds,
          drain: flags.drain === true,
        })
        const { completed, failed, lost, released } = results
        const others = Object.entries({ failed, lost, released }).flatMap(([what, number]) =>
          number > 0 ? `, ${number} ${what}` : '',
        )
        output.note(`${counted(completed, 'task')} completed${others.join('')}`)
        process.exitCode = exitCodeOf(results, signal)
      } finally {
        await pool.end()
      }
    })
  return addExamples(command, {
    why: 'all that is due now, four at a time',
    line: `kanthorq-tasks work send_email --concurrency 4 --drain -- sh -c 'cat > /dev/null'`,
  })
}

function exitCodeOf({ completed, failed, lost, released }: WorkerMetrics, signal: NodeJS.Signals | undefined): ExitCode {
  if (signal !== undefined) return signal === 'SIGINT' ? exitCode.interrupted : exitCode.done
  if (failed + lost + released > 0) return exitCode.failed
  return completed > 0 ? exitCode.done : exitCode.nothing
}
