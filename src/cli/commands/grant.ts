import { Argument, Command } from 'commander'
import type { RoleLevel } from '../../client/types.ts'
import { addExamples } from '../help.ts'
import { exitCode } from '../exit-code.ts'
import { addCommon } from '../arguments/common-options.ts'
import { withSession } from '../session.ts'

export function grantCommand(): Command {
  const command = new Command('grant')
    .summary('Give a role the rights of a viewer or an operator')
    .description(
      'Gives a database role the rights of a level, and removes rights that the level does not include.\n\n' +
        'viewer: doctor, stats, find, explain, log\n' +
        'operator: viewer, and cancel, resume, discard, undo\n\n' +
        'Repeat it after a migration that adds functions.',
    )
    .argument('<role>', 'an existing role; it needs no rights on tables')
    .addArgument(new Argument('<level>').choices(['viewer', 'operator']))
    .action((role: string, level: RoleLevel) =>
      withSession(command, async ({ tasks, output }) => {
        await tasks.grant(role, level)
        if (output.json) await output.records([{ role, level }])
        else
          await output.lines([
            `${role} has the rights of ${level === 'viewer' ? 'a viewer' : 'an operator'}`,
          ])
        return exitCode.done
      }),
    )
  return addExamples(addCommon(command), {
    why: 'the login role of the support team',
    line: 'kanthorq-tasks grant support operator',
  })
}
