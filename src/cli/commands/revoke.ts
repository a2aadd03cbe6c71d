import { Command } from 'commander'
import { addExamples } from '../help.ts'
import { exitCode } from '../exit-code.ts'
import { addCommon } from '../arguments/common-options.ts'
import { withSession } from '../session.ts'

export function revokeCommand(): Command {
  const command = new Command('revoke')
    .summary("Remove a role's rights")
    .description('Removes all rights of a database role on the functions.')
    .argument('<role>', 'an existing role')
    .action((role: string) =>
      withSession(command, async ({ tasks, output }) => {
        await tasks.revoke(role)
        if (output.json) await output.records([{ role, level: null }])
        else await output.lines([`${role} has no rights on the functions`])
        return exitCode.done
      }),
    )
  return addExamples(addCommon(command), {
    why: 'the login role of the support team',
    line: 'kanthorq-tasks revoke support',
  })
}
