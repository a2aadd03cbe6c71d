import { Help, type Command } from 'commander'
import { exampleLines, examplesOf } from './examples.ts'

/**
 * The help of a command: Commander's own, and the examples. The program itself, and `migrate` with all that is below it, have
 * the overview of all commands.
 */
export function formatHelp(command: Command, helper: Help): string {
  const isMigrate = [command.name(), command.parent?.name()].includes('migrate')
  if (command.parent === null || isMigrate) return overview(rootOf(command), helper)
  return `${Help.prototype.formatHelp.call(helper, command, helper)}\n${examples(command)}`
}

/** Examples, which every command but `help` has. */
function examples(command: Command): string {
  const lines = exampleLines(examplesOf(command)).map((line) => (line === '' ? '' : `  ${line}`))
  return lines.length === 0 ? '' : `Examples:\n${lines.join('\n')}\n`
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

function rootOf(command: Command): Command {
  return command.parent === null ? command : rootOf(command.parent)
}

function overview(program: Command, helper: Help): string {
  const terms = new Map(leavesOf(program).map((command) => [termOf(command, helper), command]))
  const width = Math.max(...[...terms.keys()].map((term) => term.length))
  return [
    'Usage:',
    ...[...terms].map(
      ([term, command]) => `  ${term.padEnd(width)}   ${helper.subcommandDescription(command)}`,
    ),
    '',
    `${program.name()} <command> --help says more about each of them, with examples.`,
    '',
    ...optionLines(program, helper),
    'Exit codes: 0 done; 1 failed; 2 not written as it should be; 3 nothing matched; 130 interrupted.',
    '',
    examples(program),
  ].join('\n')
}

function termOf(command: Command, helper: Help): string {
  const args = helper.visibleArguments(command).map((argument) => {
    const name = `${argument.name()}${argument.variadic ? '...' : ''}`
    return argument.required ? ` <${name}>` : ` [${name}]`
  })
  return fullName(command) + args.join('')
}

/** The options that every command has, by their groups. */
function optionLines(program: Command, helper: Help): string[] {
  const groups = helper.groupItems(
    [...program.options],
    helper.visibleOptions(program),
    (option) => option.helpGroupHeading ?? 'Options:',
  )
  return [...groups].flatMap(([heading, options]) => [
    heading,
    ...options.map(
      (option) => `  ${helper.optionTerm(option).padEnd(17)}  ${helper.optionDescription(option)}`,
    ),
    '',
  ])
}
