import { Command } from 'commander'
import type { Finding } from '../../client/types.ts'
import { quoted } from '../arguments/retyped-command.ts'
import { exitCode } from '../exit-code.ts'
import { addExamples } from '../help.ts'
import { withSession } from '../session.ts'
import { clean } from '../terminal/line.ts'

export function doctorCommand(): Command {
  const command = new Command('doctor')
    .summary('Check the database for problems, and print what repairs them')
    .description(
      'Checks the database for problems, and prints what repairs each: a command, SQL, or a comment if a person has to decide ' +
        'first. With --json and --csv it is always SQL. Changes nothing. Reads every task. The exit code is 1 if a finding is ' +
        'an error.',
    )
    .action(() =>
      withSession(command, async ({ db, output }) => {
        const findings = await db.tasks.doctor()
        if (output.isData) await output.records(findings)
        else {
          for (const finding of findings) {
            const { severity, detail } = finding
            await output.lines([[{ text: severity, colour: severity }, { text: `: ${clean(detail)}` }], ...fixLines(finding)])
          }
          if (findings.length === 0) output.note('no problems found')
        }
        return findings.some(({ severity }) => severity === 'error') ? exitCode.failed : exitCode.done
      }),
    )
  return addExamples(command, {
    why: 'check the database',
    line: 'kanthorq-tasks doctor',
  })
}

/** The repair as commands of this program where it has them, otherwise as the SQL of the finding. */
function fixLines(finding: Finding): string[] {
  // Each line keeps its break: a joined line would become part of a comment.
  return (commandsFor(finding) ?? finding.fix.split('\n')).map((line) => `  ${clean(line)}`)
}

function commandsFor({ check, fix }: Finding): string[] | undefined {
  // A name that SQL writes in another way than it is, or that was cut, stays in the SQL of the finding.
  const [, consumer] = /\(E?'([^'\\{}]+)'[,)]/.exec(fix) ?? []
  switch (check) {
    case 'stuck tasks':
      return consumer === undefined ? undefined : [`kanthorq-tasks discard ${quoted(consumer)} --everything --reason doctor`]
    case 'mostly finished':
      return consumer === undefined ? undefined : [`kanthorq-tasks purge tasks ${quoted(consumer)} --before 30d --dry-run`]
    case 'tasks in available':
      return consumer === undefined
        ? undefined
        : [
            '# to have them worked:',
            `kanthorq-tasks cancel ${quoted(consumer)} --state available --reason doctor`,
            `kanthorq-tasks log ${quoted(consumer)} --limit 1 --json | kanthorq-tasks resume ${quoted(consumer)}`,
          ]
    case 'consumer is held':
      return consumer === undefined ? undefined : ['# when it may go on:', `kanthorq-tasks release ${quoted(consumer)}`]
    case 'more failures':
      return consumer === undefined ? undefined : [`kanthorq-tasks errors ${quoted(consumer)} --since 1h`]
    case 'missed events':
      return consumer === undefined ? undefined : [`kanthorq-tasks missed ${quoted(consumer)} --convert`]
    case 'functions are missing':
    case 'migrations':
      return ['kanthorq-tasks migrate up']
    default:
      return undefined
  }
}
