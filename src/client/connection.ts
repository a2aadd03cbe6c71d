import pg from 'pg'
import { fromDatabaseError } from './errors.ts'
import type { Queryable } from './types.ts'

/** Calls functions of the SQL API with named arguments. The client writes SQL nowhere else. */
export class Connection {
  readonly #db: Queryable
  readonly #schema: string

  /** @param schema - the schema that holds the functions */
  constructor(db: Queryable, schema: string) {
    this.#db = db
    this.#schema = pg.escapeIdentifier(schema)
  }

  /**
   * Calls a function that returns rows, and renames their columns for TypeScript: `event_id` becomes `eventId`.
   *
   * @param args - arguments by name; an undefined one is left out, so that the function's default applies
   * @param columns - the select list
   * @throws the error class for the SQLSTATE, or the error of node-postgres
   */
  async rows<Row extends object>(name: string, args: Record<string, unknown>, columns = '*'): Promise<Row[]> {
    const given = Object.entries(args).filter(([, value]) => value !== undefined)
    const list = given.map(([key], index) => `${key} => $${index + 1}`).join(', ')
    const text = `select ${columns} from ${this.#schema}.${name}(${list})`
    try {
      const { rows } = await this.#db.query<Record<string, unknown>>(
        text,
        given.map(([, value]) => value),
      )
      return rows.map((row) => withCamelCase(row) as Row)
    } catch (error) {
      throw fromDatabaseError(error)
    }
  }

  /** Calls a function that returns exactly one row. */
  async row<Row extends object>(name: string, args: Record<string, unknown>, columns?: string): Promise<Row> {
    const [row] = await this.rows<Row>(name, args, columns)
    if (row === undefined) throw new Error(`${name} returned no row`)
    return row
  }
}

/** Renames the properties of a row for TypeScript. */
export function withCamelCase(row: Record<string, unknown>): Record<string, unknown> {
  const camelCase = (name: string) => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
  return Object.fromEntries(Object.entries(row).map(([key, value]) => [camelCase(key), value]))
}
