import { createInterface } from 'node:readline'
import { NothingError, UsageError } from '../errors.ts'

/** Finds the ids in what a command of this program printed with `--json`; undefined if there is none. */
export type IdsOf = (record: Record<string, unknown>) => unknown

/** What `find` and `explain` print has one id, what `log` and `cancel` print has several. */
export const eventIdsOf: IdsOf = (record) =>
  record['eventId'] ?? record['eventIds'] ?? record['updated']

/** What `log` prints. */
export const operationIdsOf: IdsOf = (record) => record['id']

/** Whether ids come through a pipe or from a file, if none are named. */
export function hasInput(): boolean {
  return !process.stdin.isTTY
}

/**
 * The ids that a command is about: those named in it or, if there are none or just `-`, those on standard input, one a line
 * or as the JSON lines of another command of this program.
 */
export async function namedIds(args: readonly string[], idsOf: IdsOf): Promise<string[]> {
  if (args.length > 1 && args.includes('-'))
    throw new UsageError('"-" stands for standard input: it does not go with ids beside it')
  if (args.length > 0 && args[0] !== '-') return [...args]
  if (process.stdin.isTTY) process.stderr.write('Ids, one a line; Ctrl-D ends them.\n')
  const ids = await readIds(process.stdin, idsOf)
  if (ids.length === 0) throw new NothingError('there are no ids on standard input')
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
        `line ${number} of standard input is no id: ${JSON.stringify(text.slice(0, 60))}. ` +
          'Give an id a line, or what --json or --ids prints',
      )
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
