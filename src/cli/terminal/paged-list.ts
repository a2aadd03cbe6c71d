import { Option, type Command } from 'commander'
import { formatNumber } from './format.ts'
import type { Output } from './output.ts'
import { count } from '../arguments/option-values.ts'

/** The options of a list, as Commander gives them. */
export interface ListFlags {
  limit?: number
  all?: boolean
}

const defaultLimit = 100

/** Gives a command the options that say how long its list may be. */
export function addLimit(command: Command, rows: string): Command {
  return command
    .addOption(
      new Option('--limit <n>', `at most so many ${rows} (default: ${defaultLimit})`)
        .argParser(count)
        .conflicts('all'),
    )
    .option('--all', 'all of them')
}

/** At most how many rows the options allow. */
export function limitOf({ all, limit = defaultLimit }: ListFlags): number {
  return all ? Infinity : limit
}

/**
 * Prints pages of rows until there are no more, or as many as are allowed, or nobody reads on.
 *
 * @param lines - the lines of some rows, for people
 * @returns how many rows it printed
 */
export async function printPages<Row extends object>(
  output: Output,
  pages: AsyncIterable<Row[]>,
  limit: number,
  lines: (rows: Row[]) => string[],
): Promise<number> {
  let printed = 0
  for await (const page of pages) {
    const rows = page.slice(0, limit - printed)
    printed += rows.length
    if (output.json) await output.records(rows)
    else await output.lines(lines(rows))
    if (!output.isRead) break
    if (rows.length < page.length) {
      output.note(`there are more than these ${formatNumber(printed)}: --all lists them all`)
      break
    }
  }
  return printed
}
