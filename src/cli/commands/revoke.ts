import { Command } from 'commander'
import { addExamples } from '../help/examples.ts'
import { exitCode } from '../exit-code.ts'
import { addCommon, withSession } from '../session.ts'

export function revokeCommand(): Command {
  const command = new Command('revoke')
    .summary('take that back')
    .description('Takes from a role of the database all rights on the functions.')
    .argument('<role>', 'a role that exists')
    .action((role: string) =>
      withSession(command, async ({ tasks, output }) => {
        await tasks.revoke(role)
        if (output.json) await output.records([{ role, level: null }])
        else await output.lines([`${role} has no rights on the functions`])
        return exitCode.done
      }),
    )
  return addExamples(addCommon(command), {
    why: 'whoever has left the support team',
    line: 'kanthorq-tasks revoke support',
  })
}
