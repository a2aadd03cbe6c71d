import pg from 'pg'
import { fromDatabaseError } from './errors.ts'
import type { Queryable } from './types.ts'

/** Calls a function of the SQL API by its name and its named arguments. The one place that writes SQL. */
export class Connection {
  readonly #db: Queryable
  readonly #schema: string

  /** @param schema - the schema of the functions */
  constructor(db: Queryable, schema: string) {
    this.#db = db
    this.#schema = pg.escapeIdentifier(schema)
  }

  /**
   * Calls a function that returns rows. Their columns come under the names that TypeScript gives them: `event_id` is
   * `eventId`.
   *
   * @param args - by name; what is undefined is left out, so that the function's own default holds
   * @throws the error class of the SQLSTATE, or whatever else node-postgres throws
   */
  async rows<Row extends object>(name: string, args: Record<string, unknown>): Promise<Row[]> {
    const given = Object.entries(args).filter(([, value]) => value !== undefined)
    const list = given.map(([key], index) => `${key} => $${index + 1}`).join(', ')
    const text = `select * from ${this.#schema}.${name}(${list})`
    try {
      const { rows } = await this.#db.query<Record<string, unknown>>(
        text,
        given.map(([, value]) => value),
      )
      return rows.map(
        (row) =>
          Object.fromEntries(
            Object.entries(row).map(([key, value]) => [camelCase(key), value]),
          ) as Row,
      )
    } catch (error) {
      throw fromDatabaseError(error)
    }
  }

  /** Calls a function that returns exactly one row. */
  async row<Row extends object>(name: string, args: Record<string, unknown>): Promise<Row> {
    const [row] = await this.rows<Row>(name, args)
    if (row === undefined) throw new Error(`${name} returned no row`)
    return row
  }
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
