import type pg from 'pg'
import type { WorkerConnection, WorkerPool } from '../worker/types.ts'
import { connect } from './connect.ts'

/** As many connections as a worker uses at a time, each made as for other commands. */
export class Pool implements WorkerPool {
  readonly #url: string | undefined
  readonly #idle = new Set<pg.Client>()

  constructor(url: string | undefined) {
    this.#url = url
  }

  async connect(): Promise<WorkerConnection> {
    const [client = await this.#make()] = this.#idle
    this.#idle.delete(client)
    const release = (destroy?: boolean) => {
      if (destroy) void client.end().catch(() => undefined)
      else this.#idle.add(client)
    }
    return Object.assign(client, { release })
  }

  query: WorkerPool['query'] = async (text, values) => {
    const connection = await this.connect()
    return connection.query<never>(text, values).finally(() => {
      connection.release()
    })
  }

  /** A connection needs no listener for its loss: it has one. */
  readonly on = () => this
  readonly off = () => this

  async end(): Promise<void> {
    await Promise.all([...this.#idle].map((client) => client.end().catch(() => undefined)))
  }

  async #make(): Promise<pg.Client> {
    const client = await connect(this.#url)
    return client.once('end', () => this.#idle.delete(client))
  }
}
