import pg from 'pg'
import { withCamelCase } from '../client/connection.ts'
import { TaskClient } from '../client/task-client.ts'
import { connect, type Target } from './connect.ts'

/** The connection ended. The message has the reason of the server, if it gave one. */
export class LostConnectionError extends Error {
  override readonly name = 'LostConnectionError'
}

/** A call of a stored function. */
export interface Call {
  name: string
  /** Arguments by name; an undefined one is left out. */
  args: Record<string, unknown>
  /** The select list. It omits or cuts what is not shown, and casts JSON to text. */
  columns: string
  /** The bytes of a row, as SQL, where rows can be large: then the call returns the first few megabytes. */
  size?: string
}

/** The bytes of a result whose rows can be large. */
const maxResult = 4_000_000

/** A connection that can be made again, and calls of the functions whose results the program shows. */
export class Database {
  readonly target: Target
  #client: pg.Client
  #reason: Error | undefined

  static async open(target: Target): Promise<Database> {
    return new Database(target, await connect(target.url))
  }

  private constructor(target: Target, client: pg.Client) {
    this.target = target
    this.#client = client
    this.#watch()
  }

  get client(): pg.Client {
    return this.#client
  }

  get tasks(): TaskClient {
    return new TaskClient(this.#client, { schema: this.target.schema })
  }

  /** Connects again, if the connection has ended. */
  async revive(): Promise<void> {
    if (this.#reason === undefined) return
    this.#client = await connect(this.target.url)
    this.#reason = undefined
    this.#watch()
  }

  /** The error to report: the reason of the server, if the connection had ended when a call began. */
  explained(error: unknown): unknown {
    if (this.#reason === undefined || error instanceof pg.DatabaseError) return error
    return new LostConnectionError(`the connection was lost: ${this.#reason.message}`, { cause: error })
  }

  async end(): Promise<void> {
    // A lost connection can't be closed.
    await this.#client.end().catch(() => undefined)
  }

  /** Calls a function, and renames the columns of its rows. */
  async rows<Row extends object>({ name, args, columns, size }: Call): Promise<Row[]> {
    const given = Object.entries(args).filter(([, value]) => value !== undefined)
    const list = given.map(([key], index) => `${key} => $${index + 1}`).join(', ')
    const call = `${pg.escapeIdentifier(this.target.schema)}.${name}(${list})`
    const text = size === undefined ? `select ${columns} from ${call}` : cutShort(call, columns, size)
    const values = given.map(([, value]) => value)
    const { rows } = await this.#client.query<Record<string, unknown>>(text, values)
    return rows.map((row) => withCamelCase(row) as Row)
  }

  /** Calls a function that returns one row. */
  async row<Row extends object>(call: Call): Promise<Row> {
    const [row] = await this.rows<Row>(call)
    if (row === undefined) throw new Error(`${call.name} returned no row`)
    return row
  }

  #watch(): void {
    // The server's reason comes first; what follows only says that the connection has ended.
    const keep = (error: Error) => (this.#reason ??= error)
    this.#client.on('error', keep)
    this.#client.on('end', () => keep(new Error('the server closed it')))
  }
}

/** A query for the first rows of a call that have so many bytes together, at least one. */
function cutShort(call: string, columns: string, size: string): string {
  return `select ${columns}
    from (
      select c.*, sum(${size}) over (order by c.ordinality rows between unbounded preceding and 1 preceding) as before
      from ${call} with ordinality c
    ) c
    where coalesce(c.before, 0) < ${maxResult}
    order by c.ordinality`
}
