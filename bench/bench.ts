import pg from 'pg'
import { migrate } from 'kanthorq-tasks/migrate'
import type { Server } from '../scripts/server.ts'
import { createDatabase } from '../scripts/throwaway-database.ts'
import type { Conditions } from './conditions.ts'
import { fillTasks, findTasks, type Tasks } from './tasks.ts'

/** A database, and connections to set the scene in it. `drop` closes these first. */
export type BenchDatabase = Awaited<ReturnType<Bench['database']>>

/** What the parts of a run share: the server, and the table that is too large to be filled more than once. */
export class Bench {
  readonly server: Server
  readonly conditions: Conditions
  #large: Promise<{ name: string; tasks: Tasks }> | undefined

  constructor(server: Server, conditions: Conditions) {
    this.server = server
    this.conditions = conditions
  }

  /** The number of tasks in a table that has `tasks` of them at full size. */
  scaled(tasks: number): number {
    return Math.max(Math.round(tasks * this.conditions.scale), 1)
  }

  /** Makes a database with everything installed, or a copy, file by file, of another one. */
  async database(template?: string) {
    const isCopied = template !== undefined && Number.parseInt(this.server.version) >= 15
    const strategy = isCopied ? 'file_copy' : undefined
    const { name, url, drop } = await createDatabase(this.server.url, template, strategy)
    if (template === undefined) await migrate({ database: url })
    const pool = new pg.Pool({
      connectionString: url,
      options: '-c maintenance_work_mem=512MB',
    })
    return { name, url, pool, drop: () => pool.end().then(drop) }
  }

  /** A database with a table of 10 million tasks, the very same each time: of 20 tasks, 8 are available. */
  async large(): Promise<{ database: BenchDatabase; tasks: Tasks }> {
    const { name, tasks } = await (this.#large ??= this.#fillLarge())
    const database = await this.database(name)
    return { database, tasks: await findTasks(database.pool, tasks.filling) }
  }

  async #fillLarge() {
    const count = this.scaled(10_000_000)
    console.error(`filling a table with ${count.toLocaleString('en')} tasks`)
    const { name, pool } = await this.database()
    const tasks = await fillTasks(pool, { consumer: 'large', tasks: count, states: mixed })
    await pool.end()
    return { name, tasks }
  }
}

/** The states of a table in full swing: of 20 tasks 8 are available, 2 running and 2 retryable, and all four due. */
export const mixed = [
  ...Array.from({ length: 8 }, () => 'available' as const),
  ...(['running', 'running', 'retryable', 'retryable', 'discarded', 'cancelled'] as const),
  ...Array.from({ length: 6 }, () => 'completed' as const),
]
