import { Command } from 'commander'
import { clean } from '../terminal/format.ts'
import { addExamples } from '../help/examples.ts'
import { exitCode } from '../exit-code.ts'
import { addCommon, withSession } from '../session.ts'

export function doctorCommand(): Command {
  const command = new Command('doctor')
    .summary('what is wrong in this database, and the SQL that mends it')
    .description(
      'Looks for what is wrong in this database, and prints the SQL that mends it; a comment where a person has to decide ' +
        'first. Changes nothing, and looks at every task. Ends with 1 if a finding is an error.',
    )
    .action(() =>
      withSession(command, async ({ tasks, output }) => {
        const findings = await tasks.doctor()
        if (output.json) await output.records(findings)
        else {
          for (const { severity, detail, fix } of findings)
            await output.lines([
              `${output.paint(severity, severity)}: ${clean(detail)}`,
              // Line by line: what follows a comment would become part of it.
              ...fix.split('\n').map((line) => `  ${clean(line)}`),
            ])
          if (findings.length === 0) output.note('nothing is wrong')
        }
        return findings.some(({ severity }) => severity === 'error')
          ? exitCode.failed
          : exitCode.done
      }),
    )
  return addExamples(addCommon(command), {
    why: 'every morning',
    line: 'kanthorq-tasks doctor',
  })
}
