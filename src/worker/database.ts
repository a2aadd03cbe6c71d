import type { Queryable } from '../client/types.ts'
import type { WorkerConnection, WorkerPool } from './types.ts'

/** How many runs use a pool. */
const users = new WeakMap<WorkerPool, number>()

/**
 * Uses a pool for a time. Without a listener the loss of a connection that nobody uses would end the process; one listener is enough
 * for all workers of a pool.
 */
export async function whileUsed(pool: WorkerPool, use: () => Promise<void>): Promise<void> {
  const before = users.get(pool) ?? 0
  users.set(pool, before + 1)
  if (before === 0) {
    pool.on('error', ignore)
    pool.on('connect', ignoreLoss)
  }
  try {
    await use()
  } finally {
    const others = (users.get(pool) ?? 1) - 1
    users.set(pool, others)
    if (others === 0) {
      pool.off('error', ignore)
      pool.off('connect', ignoreLoss)
    }
  }
}

/** A pool in which nothing takes for ever: a call that is late loses its connection, so that the next one gets another. */
export class Database implements Queryable {
  /** How many milliseconds a call may take. */
  timeout: number
  readonly #pool: WorkerPool
  readonly #onCall: () => void
  readonly #signal: AbortSignal | undefined

  /** @param signal - when aborted, nothing waits for a connection any more */
  constructor(pool: WorkerPool, timeout: number, onCall: () => void, signal?: AbortSignal) {
    this.#pool = pool
    this.timeout = timeout
    this.#onCall = onCall
    this.#signal = signal
  }

  async query(text: string, values: string[]): Promise<{ rows: unknown[] }> {
    this.#onCall()
    const connection = await this.connect()
    let isSound = false
    try {
      const answer = await this.#inTime(connection.query(text, values))
      isSound = true
      return answer
    } catch (error) {
      isSound = isOfServer(error)
      throw error
    } finally {
      connection.release(!isSound)
    }
  }

  /** A connection of its own. Its loss is no event of the process. */
  async connect(): Promise<WorkerConnection> {
    const pending = this.#pool.connect()
    let connection: WorkerConnection
    try {
      connection = await this.#inTime(pending, this.#signal)
    } catch (error) {
      // It may come after all, to nobody.
      pending.then(
        (late) => {
          late.release(true)
        },
        () => undefined,
      )
      throw error
    }
    connection.on('error', ignore)
    let isReleased = false
    const release = connection.release.bind(connection)
    connection.release = (destroy) => {
      if (isReleased) return
      isReleased = true
      connection.release = release
      if (!destroy) connection.off('error', ignore)
      release(destroy)
    }
    return connection
  }

  async #inTime<Value>(pending: Promise<Value>, signal?: AbortSignal): Promise<Value> {
    pending.catch(ignore)
    signal?.throwIfAborted()
    let giveUp: (error: Error) => void = ignore
    const late = new Promise<never>((_, reject) => (giveUp = reject))
    const stop = () => {
      giveUp(signal?.reason as Error)
    }
    signal?.addEventListener('abort', stop)
    const timer = setTimeout(() => {
      giveUp(new Error(`the server has not answered for ${this.timeout} milliseconds`))
    }, this.timeout)
    try {
      return await Promise.race([pending, late])
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', stop)
    }
  }
}

/** A connection may be lost as soon as it is made, before its caller has it. */
function ignoreLoss(connection: WorkerConnection): void {
  connection.on('error', ignore)
}

function ignore(): void {
  // The caller that waits for the connection is told, and the next call gets another.
}

/** Whether the server itself refused the statement, so that the connection is of use. */
function isOfServer(error: unknown): boolean {
  const { code } = error as { code?: unknown }
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !/^(08|57P|XX|E)/.test(code)
}
