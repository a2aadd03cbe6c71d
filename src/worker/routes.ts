import { InvalidArgumentError } from '../client/errors.ts'
import { refusal } from '../client/arguments.ts'
import type { BatchHandler, Handlers, TaskHandler } from './types.ts'

/** What is done with the tasks of some subjects. */
export interface Route {
  matches: (subject: string) => boolean
  handle: TaskHandler | undefined
  batch: BatchHandler['handle'] | undefined
  /** The most tasks at once. */
  size: number
  /** Milliseconds to wait for so many. */
  wait: number
}

/** The routes of handlers, and the subjects to pull; undefined is all of them. */
export function routesOf(handlers: Handlers): { routes: Route[]; subjects: string[] | undefined } {
  if (typeof handlers === 'function' || isBatch(handlers))
    return { routes: [routeOf(handlers, () => true)], subjects: undefined }
  if (typeof handlers !== 'object' || (handlers as unknown) === null) throw refusal('handlers', handlers, 'a function')
  const subjects = Object.keys(handlers)
  if (subjects.length === 0) throw new InvalidArgumentError('handlers is empty', { hint: 'Pass a handler for a subject' })
  return { routes: Object.entries(handlers).map(([pattern, handler]) => routeOf(handler, matcher(pattern))), subjects }
}

function isBatch(handlers: Handlers): handlers is BatchHandler {
  return typeof (handlers as Partial<BatchHandler> | null)?.handle === 'function' && 'size' in (handlers as BatchHandler)
}

function routeOf(handler: TaskHandler | BatchHandler, matches: Route['matches']): Route {
  if (typeof handler === 'function') return { matches, handle: handler, batch: undefined, size: 1, wait: 0 }
  if (!isBatch(handler)) throw refusal('a handler', handler, 'a function, or an object with handle and size')
  const { handle, size, wait = 0 } = handler
  if (!Number.isInteger(size) || size < 1 || size > 10_000) throw refusal('size', size, 'a whole number from 1 to 10000')
  if (typeof wait !== 'number' || !(wait >= 0 && wait <= 60_000)) throw refusal('wait', wait, 'milliseconds, from 0 to 60000')
  return { matches, handle: undefined, batch: handle, size, wait }
}

/** Whether a subject matches: `*` is one token, `>` at the end is one or more. The server has checked the pattern. */
function matcher(pattern: string): (subject: string) => boolean {
  const tokens = pattern.split('.')
  const isOpen = tokens.at(-1) === '>'
  const fixed = isOpen ? tokens.slice(0, -1) : tokens
  return (subject) => {
    const parts = subject.split('.')
    const fits = isOpen ? parts.length > fixed.length : parts.length === fixed.length
    return fits && fixed.every((token, index) => token === '*' || token === parts[index])
  }
}
