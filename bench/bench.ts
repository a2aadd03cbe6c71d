import pg from 'pg'
import { migrate } from 'kanthorq-tasks'
import ora, { type Ora } from 'ora'
import type { Server } from '../scripts/server.ts'
import { createDatabase, type ThrowawayDatabase } from '../scripts/throwaway-database.ts'
import type { Conditions } from './conditions.ts'
import { fillTasks, findTasks, type Tasks } from './tasks.ts'

/** A database, and connections to set the scene in it. */
export interface BenchDatabase {
  readonly name: string
  readonly url: string
  readonly pool: pg.Pool
  /** Closes the connections. */
  readonly leave: () => Promise<void>
  /** Closes the connections and drops it. */
  readonly drop: () => Promise<void>
}

/** What the parts of a run share: the server, how large and how long all of it is, and what is told meanwhile. */
export class Bench {
  readonly server: Server
  readonly conditions: Conditions
  readonly #spinner: Ora = ora({
    discardStdin: false,
    // A terminal that does not know how wide it is would be cleared line by line without an end.
    ...(process.stderr.columns === 0 ? { isEnabled: false } : {}),
  })
  #large: Promise<{ database: BenchDatabase; tasks: Tasks }> | undefined

  constructor(server: Server, conditions: Conditions) {
    this.server = server
    this.conditions = conditions
  }

  /** Says what is being done, until the next is said. */
  say(text: string): void {
    if (this.#spinner.isSpinning) this.#spinner.text = text
    else this.#spinner.start(text)
  }

  /** Says how far it has come; not where every word would be a line. */
  tick(text: string): void {
    if (this.#spinner.isSpinning) this.#spinner.text = text
  }

  /** Prints what has come out. */
  print(text: string): void {
    this.#spinner.stop()
    console.log(text)
  }

  /** The number of tasks in a table that has `tasks` of them at full size. */
  scaled(tasks: number): number {
    return Math.max(Math.round(tasks * this.conditions.scale), 1)
  }

  /** Makes a database with everything installed. */
  async database(): Promise<BenchDatabase> {
    const created = await createDatabase(this.server.url)
    await migrate({ database: created.url })
    return withPool(created)
  }

  /**
   * A database with the table that is too large to be filled more than once: 10 million tasks, 4 of them available, 2
   * due. Nobody is connected to it.
   */
  async large(): Promise<{ database: BenchDatabase; tasks: Tasks }> {
    this.#large ??= this.#fillLarge()
    return this.#large
  }

  /** A copy of it, file by file: whoever begins with one finds the very same table. */
  async copyOfLarge(): Promise<{ database: BenchDatabase; tasks: Tasks }> {
    const { database, tasks } = await this.large()
    const strategy = Number.parseInt(this.server.version) >= 15 ? 'file_copy' : undefined
    const copy = withPool(await createDatabase(this.server.url, database.name, strategy))
    return { database: copy, tasks: await findTasks(copy.pool, tasks.filling) }
  }

  async #fillLarge() {
    const count = this.scaled(10_000_000)
    this.say(`filling a table with ${count.toLocaleString('en')} tasks`)
    const database = await this.database()
    const tasks = await fillTasks(database.pool, { consumer: 'large', tasks: count, states: mixed })
    await database.leave()
    return { database, tasks }
  }
}

/** The states of a table in full swing: of 20 tasks 8 are available, 2 running and 2 retryable, and all four due. */
export const mixed = [
  ...Array.from({ length: 8 }, () => 'available' as const),
  ...(['running', 'running', 'retryable', 'retryable', 'discarded', 'cancelled'] as const),
  ...Array.from({ length: 6 }, () => 'completed' as const),
]

function withPool({ name, url, drop }: ThrowawayDatabase): BenchDatabase {
  const options = '-c maintenance_work_mem=512MB'
  const pool = new pg.Pool({ connectionString: url, options })
  const leave = async () => {
    if (!pool.ended) await pool.end()
  }
  return {
    name,
    url,
    pool,
    leave,
    async drop() {
      await leave()
      await drop()
    },
  }
}
