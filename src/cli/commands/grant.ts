import { Argument, Command } from 'commander'
import type { RoleLevel } from '../../client/types.ts'
import { addExamples } from '../help/examples.ts'
import { exitCode } from '../exit-code.ts'
import { addCommon, withSession } from '../session.ts'

export function grantCommand(): Command {
  const command = new Command('grant')
    .summary('let a role look at tasks, or move them')
    .description(
      'Gives a role of the database the rights of a level, and takes from it those that the level does not have.\n\n' +
        'viewer: doctor, stats, find, explain, log\n' +
        'operator: that, and cancel, resume, discard, undo\n\n' +
        'Say it again after a migration that brings new functions.',
    )
    .argument('<role>', 'a role that exists; it needs no rights on any table')
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
    why: 'the role that the support team logs in with',
    line: 'kanthorq-tasks grant support operator',
  })
}
