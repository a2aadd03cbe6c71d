import { Argument, Command } from 'commander'
import type { RoleLevel } from '../../client/types.ts'
import { exitCode } from '../exit-code.ts'
import { addExamples } from '../help.ts'
import { withSession } from '../session.ts'

/** What a role of each level has. */
const rights: Record<RoleLevel, string> = {
  viewer: 'the rights of a viewer',
  operator: 'the rights of an operator',
  worker: 'the rights of a worker',
  publisher: 'the rights of a publisher',
}

export function grantCommand(): Command {
  const command = new Command('grant')
    .summary('Give a role the rights of a level')
    .description(
      'Gives a database role the rights of a level, and removes rights that the level does not include.\n\n' +
        'viewer: doctor, stats, find, explain, missed, log, --dry-run\n' +
        'operator: viewer, and cancel, resume, discard, undo, hold, release\n' +
        'worker: work\n' +
        'publisher: publish\n\n' +
        'A role has one level. A login that needs two is a member of two roles.',
    )
    .argument('<role>', 'an existing role; it needs no rights on tables')
    .addArgument(new Argument('<level>').choices(Object.keys(rights)))
    .action((role: string, level: RoleLevel) => setLevel(command, role, level))
  return addExamples(command, {
    why: 'the login role of the support team',
    line: 'kanthorq-tasks grant support operator',
  })
}

export function revokeCommand(): Command {
  const command = new Command('revoke')
    .summary("Remove a role's rights")
    .description('Removes all rights of a database role on the functions.')
    .argument('<role>', 'an existing role')
    .action((role: string) => setLevel(command, role, null))
  return addExamples(command, {
    why: 'the login role of the support team',
    line: 'kanthorq-tasks revoke support',
  })
}

/** Gives a role the rights of a level; null is none. */
function setLevel(command: Command, role: string, level: RoleLevel | null): Promise<void> {
  return withSession(command, async ({ db: { tasks }, output }) => {
    await (level === null ? tasks.revoke(role) : tasks.grant(role, level))
    if (output.isData) await output.records([{ role, level }])
    else await output.lines([`${role} has ${level === null ? 'no rights on the functions' : rights[level]}`])
    return exitCode.done
  })
}
