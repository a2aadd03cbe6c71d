// What can come next on a command line.
import type { Command, Option } from 'commander'

/** Lists the consumers of the database that the words name. */
export type ListConsumers = (words: readonly string[]) => Promise<string[]>

/** A word to choose, and what it is for. */
export interface Candidate {
  word: string
  description: string
}

/** The words before the cursor, as far as they are understood. */
interface Position {
  command: Command
  /** The number of arguments before the cursor. */
  args: number
  /** The option whose value comes next. */
  option: Option | undefined
}

/**
 * The candidates for the last of the words, which may be empty. Nothing in the words is evaluated.
 *
 * @param pieces - the words behind the name of the program, as the shell splits them; bash makes words of `:` and `=`
 */
export async function candidatesFor(program: Command, pieces: readonly string[], list: ListConsumers): Promise<Candidate[]> {
  const words = joined(pieces)
  const typed = words.at(-1) ?? ''
  const candidates = await allFor(program, words.slice(0, -1), typed, list)
  // Bash replaces only the last of the pieces.
  const last = /^[:=]+$/.test(pieces.at(-1) ?? '') ? '' : (pieces.at(-1) ?? '')
  const kept = typed.length - last.length
  return candidates
    .filter(({ word }) => word.startsWith(typed))
    .map(({ word, description }) => ({ word: word.slice(kept), description: description.split('\n', 1).join() }))
}

/** Puts words together that bash has split at `:` and `=`. */
function joined(pieces: readonly string[]): string[] {
  const words: string[] = []
  let isOpen = false
  for (const piece of pieces) {
    const isBreak = /^[:=]+$/.test(piece)
    if (words.length > 0 && (isBreak || isOpen)) words.push(`${words.pop() ?? ''}${piece}`)
    else words.push(piece)
    isOpen = isBreak
  }
  return words
}

async function allFor(program: Command, before: readonly string[], typed: string, list: ListConsumers): Promise<Candidate[]> {
  const { command, args, option } = positionAfter(program, before)
  if (option) return valuesOf(option, typed)
  if (typed.startsWith('-')) {
    const [, name] = /^(--[\w-]+)=/.exec(typed) ?? []
    if (name === undefined) return optionsOf(command).map(({ long, description }) => ({ word: long ?? '', description }))
    const named = optionsOf(command).find(({ long }) => long === name)
    const values = named === undefined ? [] : valuesOf(named, typed.slice(name.length + 1))
    return values.map(({ word, description }) => ({ word: `${name}=${word}`, description }))
  }
  if (command.commands.length > 0)
    return visibleOf(command).map((child) => ({ word: child.name(), description: child.summary() || child.description() }))
  const argument = command.registeredArguments[Math.min(args, command.registeredArguments.length - 1)]
  if (argument === undefined || (args >= command.registeredArguments.length && !argument.variadic)) return []
  const names = argument.name() === 'consumer' ? await list(before) : (argument.argChoices ?? [])
  return names.map((word) => ({ word, description: '' }))
}

function positionAfter(program: Command, words: readonly string[]): Position {
  const position: Position = { command: program, args: 0, option: undefined }
  for (const word of words) {
    if (position.option) position.option = undefined
    else if (word.startsWith('--'))
      position.option = optionsOf(position.command).find(({ long, required }) => required && long === word)
    else if (!word.startsWith('-') || word === '-') {
      const child = position.command.commands.find((each) => each.name() === word)
      if (child) position.command = child
      else position.args += 1
    }
  }
  return position
}

/** The visible options of a command and of its parents. */
function optionsOf(command: Command): Option[] {
  const own = command.options.filter(({ hidden, long }) => !hidden && long !== undefined)
  return command.parent === null ? own : [...own, ...optionsOf(command.parent)]
}

function visibleOf(command: Command): Command[] {
  return command.createHelp().visibleCommands(command)
}

/** The values of an option. A list of states goes on after a comma. */
function valuesOf(option: Option, typed: string): Candidate[] {
  const choices = option.argChoices ?? []
  const before = option.long === '--state' ? typed.slice(0, typed.lastIndexOf(',') + 1) : ''
  const named = before.split(',')
  return choices.filter((choice) => !named.includes(choice)).map((choice) => ({ word: `${before}${choice}`, description: '' }))
}
