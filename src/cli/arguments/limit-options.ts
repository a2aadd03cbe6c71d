import { Option, type Command } from 'commander'
import { count } from './option-parsers.ts'

/** The options that limit a list, as parsed. */
export interface LimitFlags {
  limit?: number
  all?: boolean
}

const defaultLimit = 100

/** Adds the options that limit a list of `rows`. */
export function addLimit(command: Command, rows: string): Command {
  return command
    .addOption(
      new Option('--limit <n>', `list at most <n> ${rows} (default: ${defaultLimit})`).argParser(count).conflicts('all'),
    )
    .option('--all', `list all ${rows}`)
}

/** The maximum number of rows. */
export function limitOf({ all, limit = defaultLimit }: LimitFlags): number {
  return all ? Infinity : limit
}
