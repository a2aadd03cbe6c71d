import { createInterface } from 'node:readline'
import { NothingError, UsageError } from '../errors.ts'
import { note } from '../terminal/output.ts'

/** Takes the ids from a record that a command printed with `--json`; undefined if it has none. */
export type IdsOf = (record: Record<string, unknown>) => unknown

/** Event ids in the output of `find`, `explain`, `log`, and of `cancel` and its like. */
export const eventIdsOf: IdsOf = (record) => record['eventId'] ?? record['eventIds'] ?? record['updated']

/** Operation ids in the output of `log`. */
export const operationIdsOf: IdsOf = (record) => record['id']

/**
 * Returns the ids in the arguments or, if there are none or just `-`, reads them from standard input: one a line, or the
 * JSON lines of another command of this program.
 *
 * @param missing - the error if there are no arguments and standard input is a terminal
 */
export async function idsOrStdin(args: readonly string[], idsOf: IdsOf, missing: string): Promise<string[]> {
  if (args.length > 1 && args.includes('-'))
    throw new UsageError('"-" stands for standard input and cannot be combined with ids')
  if (args.length > 0 && args[0] !== '-') return [...args]
  if (process.stdin.isTTY) {
    if (args.length === 0) throw new UsageError(missing)
    note('Enter one id a line; Ctrl-D ends the list.')
  }
  const ids = await readIds(process.stdin, idsOf)
  if (ids.length === 0) throw new NothingError('standard input contains no ids')
  return ids
}

async function readIds(input: NodeJS.ReadableStream, idsOf: IdsOf): Promise<string[]> {
  const ids: string[] = []
  let number = 0
  for await (const line of createInterface({ input, crlfDelay: Infinity })) {
    number += 1
    const text = line.trim()
    if (text === '') continue
    const found = idsInLine(text, idsOf)
    if (found === undefined)
      throw new UsageError(
        `line ${number} of standard input is not an id: ${JSON.stringify(text.slice(0, 60))}. ` +
          'Write one id a line, or pass the output of --json or --ids',
      )
    // Not push(...found), which fails for very many.
    for (const id of found) ids.push(id)
  }
  return ids
}

function idsInLine(text: string, idsOf: IdsOf): string[] | undefined {
  if (!text.startsWith('{')) return /\s/.test(text) ? undefined : [text]
  try {
    const found = [idsOf(JSON.parse(text) as Record<string, unknown>)].flat()
    return found.every((id) => typeof id === 'string') ? found : undefined
  } catch {
    return undefined
  }
}
