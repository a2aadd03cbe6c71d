import { Help, type Command } from 'commander'

/** A command line, and its purpose. */
export interface Example {
  why: string
  line: string
}

const examples = new WeakMap<Command, readonly Example[]>()

/** Adds examples to a command. They end its `--help`, and the documentation tests run them. */
export function addExamples(command: Command, ...added: readonly Example[]): Command {
  examples.set(command, added)
  return command
}

/** The examples of a command. */
export function examplesOf(command: Command): readonly Example[] {
  return examples.get(command) ?? []
}

/** Examples as lines of a help text or of a shell script. */
export function exampleLines(examples: readonly Example[]): string[] {
  return examples.flatMap(({ why, line }) => [`# ${why}`, line, '']).slice(0, -1)
}

/** A command in a list of commands, with its subcommands or its arguments. */
export function subcommandTerm(command: Command): string {
  const subcommands = command.commands.map((child) => child.name())
  return subcommands.length > 0
    ? `${command.name()} ${subcommands.join('|')}`
    : new Help().subcommandTerm(command).replace(' [options]', '')
}

/** All commands without subcommands, in the order in which they were added. */
export function leavesOf(command: Command): Command[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .flatMap((child) => {
      if (child.name() === 'help') return []
      return child.commands.length === 0 ? [child] : leavesOf(child)
    })
}

/** The name of a command after the names of its parents: `kanthorq-tasks migrate up`. */
export function fullName(command: Command): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`
}
