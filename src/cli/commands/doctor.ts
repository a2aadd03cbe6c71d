import { Command } from 'commander'
import { clean } from '../terminal/format.ts'
import { addExamples } from '../help.ts'
import { exitCode } from '../exit-code.ts'
import { withSession } from '../session.ts'

export function doctorCommand(): Command {
  const command = new Command('doctor')
    .summary('Check the database for problems, and print the SQL that repairs them')
    .description(
      'Checks the database for problems, and prints the SQL that repairs each, or a comment if a person has to decide first. ' +
        'Changes nothing. Reads every task. The exit code is 1 if a finding is an error.',
    )
    .action(() =>
      withSession(command, async ({ tasks, output }) => {
        const findings = await tasks.doctor()
        if (output.json) await output.records(findings)
        else {
          for (const { severity, detail, fix } of findings)
            await output.lines([
              `${output.paint(severity, severity)}: ${clean(detail)}`,
              // Each line keeps its break: a joined line would become part of a comment.
              ...fix.split('\n').map((line) => `  ${clean(line)}`),
            ])
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
