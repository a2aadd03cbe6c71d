import { Help, type Command } from 'commander'

/** A command in a list of commands. That it has options goes without saying. */
export function subcommandTerm(command: Command): string {
  const subcommands = command.commands.map((child) => child.name())
  return subcommands.length > 0
    ? `${command.name()} ${subcommands.join('|')}`
    : new Help().subcommandTerm(command).replace(' [options]', '')
}

/** All commands that do something, in the order in which they were added. */
export function leavesOf(command: Command): Command[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .flatMap((child) => {
      if (child.name() === 'help') return []
      return child.commands.length === 0 ? [child] : leavesOf(child)
    })
}

/** A command with the names of those above it. */
export function fullName(command: Command): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`
}
