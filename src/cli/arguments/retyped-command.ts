import type { Command } from 'commander'
import { fullName } from '../help.ts'
import { printable, printableJson } from '../terminal/line.ts'
import type { Duration, Metadata } from './option-parsers.ts'

/**
 * The command line that repeats a command, for a shell. Relative times become absolute, and PASSWORD replaces the password
 * in a URL.
 *
 * @param changed - other values for some options
 * @param args - other arguments
 */
export function retypedCommand(command: Command, changed: Record<string, unknown> = {}, args = command.args): string {
  const values: Record<string, unknown> = { ...command.optsWithGlobals(), ...changed }
  const known = [...command.options, ...(command.parent?.options ?? [])]
  const options = new Map(known.map((option) => [option.attributeName(), option]))
  const words = [...options].flatMap(([name, option]) => {
    const value = values[name]
    if (value === undefined || value === false) return []
    return option.isBoolean() ? [option.long] : [option.long, textOf(name, value)]
  })
  return [fullName(command), ...[...args, ...words].map((word) => quoted(word ?? ''))].join(' ')
}

function textOf(name: string, value: unknown): string {
  if (name === 'url') return withoutPassword(String(value))
  if (value instanceof Date) return value.toISOString()
  if (Array.isArray(value)) return value.join(',')
  if (typeof value !== 'object' || value === null) return String(value)
  return 'milliseconds' in value ? (value as Duration).text : (value as Metadata).json
}

function withoutPassword(url: string): string {
  return url.replace(/^(\w+:\/\/[^:@/?#]*):[^/?#]*@/, '$1:PASSWORD@').replace(/([?&]password=)[^&]*/, '$1PASSWORD')
}

/** Quotes a word for a POSIX shell; one with characters that are not printed as they are, for bash, zsh and the like. */
export function quoted(word: string): string {
  if (printable(word) !== word) return `$'${printableJson(word.replace(/[\\']/g, '\\$&'))}'`
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
