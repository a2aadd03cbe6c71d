import { Command, Option } from 'commander'
import { countUpTo, duration, nonEmpty, type Duration } from '../../arguments/option-parsers.ts'
import { exitCode, type ExitCode } from '../../exit-code.ts'
import { addExamples } from '../../help.ts'
import { withSession } from '../../session.ts'
import { counted } from '../../terminal/format.ts'
import { Worker } from './worker.ts'

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
    .addOption(new Option('--timeout <duration>', 'end a command that takes longer; its task has failed').argParser(duration))
    .option('--drain', 'stop when no task is due; exit code 1 if one has failed, 3 if there was none')
    .action((consumer: string, words: string[], flags: WorkFlags) =>
      withSession(command, async ({ db, output }): Promise<ExitCode> => {
        const worker = new Worker(db, output, {
          consumer,
          words,
          concurrency: flags.concurrency ?? 1,
          subjects: flags.subject,
          timeout: flags.timeout?.milliseconds,
          drain: flags.drain === true,
        })
        const stopped = await worker.run()
        const { completed, failed, lost, released } = worker.results
        const others = Object.entries({ failed, lost, released }).flatMap(([what, number]) =>
          number > 0 ? `, ${number} ${what}` : '',
        )
        output.note(`${counted(completed, 'task')} completed${others.join('')}`)
        if (stopped !== undefined) return stopped === 'SIGINT' ? exitCode.interrupted : exitCode.done
        if (failed + lost + released > 0) return exitCode.failed
        return completed > 0 ? exitCode.done : exitCode.nothing
      }),
    )
  return addExamples(command, {
    why: 'all that is due now, four at a time',
    line: `kanthorq-tasks work send_email --concurrency 4 --drain -- sh -c 'cat > /dev/null'`,
  })
}
