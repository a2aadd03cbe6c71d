import type { Command } from 'commander'
import type { Duration } from '../arguments/option-values.ts'

/**
 * The command as one would type it again, with relative times as the points in time that they were. PASSWORD stands for that
 * of its URL, if there is one.
 *
 * @param instead - other values for some options
 */
export function commandText(command: Command, instead: Record<string, unknown> = {}): string {
  const values: Record<string, unknown> = { ...command.optsWithGlobals(), ...instead }
  const known = [...command.options, ...(command.parent?.options ?? [])]
  const options = new Map(known.map((option) => [option.attributeName(), option]))
  const words = [...options].flatMap(([name, option]) => {
    const value = values[name]
    if (value === undefined || value === false) return []
    return option.isBoolean() ? [option.long] : [option.long, textOf(name, value)]
  })
  return [...namesOf(command), ...command.args, ...words]
    .map((word) => quoted(word ?? ''))
    .join(' ')
}

function namesOf(command: Command | null): string[] {
  return command === null ? [] : [...namesOf(command.parent), command.name()]
}

function textOf(name: string, value: unknown): string {
  if (name === 'url') return withoutPassword(String(value))
  if (value instanceof Date) return value.toISOString()
  if (Array.isArray(value)) return value.join(',')
  if (typeof value !== 'object' || value === null) return String(value)
  return 'milliseconds' in value ? (value as Duration).text : JSON.stringify(value)
}

function withoutPassword(url: string): string {
  return url
    .replace(/^(\w+:\/\/[^:@/?#]*):[^/?#]*@/, '$1:PASSWORD@')
    .replace(/([?&]password=)[^&]*/, '$1PASSWORD')
}

/** As a POSIX shell takes it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
