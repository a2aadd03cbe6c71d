import type { Argument } from './arguments.ts'
import { fromDatabaseError } from './errors.ts'
import { parseJson } from './json.ts'
import type { Queryable } from './types.ts'

/** The connections that are known to work. */
const proven = new WeakSet<Queryable>()

/** Looks like what comes back from functions. */
const probe = '{"kanthorq": "tasks"}'

/**
 * Calls functions of the SQL API with named arguments. The client writes SQL nowhere else.
 *
 * All arguments are text that the server converts, and a row is JSON in one column of text: no converter of the driver or of the
 * application, and no setting of the session, has anything to convert.
 */
export class Connection {
  readonly #db: Queryable
  readonly #schema: string

  /** @param schema - the schema that holds the functions */
  constructor(db: Queryable, schema: string) {
    if (typeof (db as Partial<Queryable> | null | undefined)?.query !== 'function') throw shapeError('db has no query()')
    this.#db = db
    this.#schema = `"${schema.replaceAll('"', '""')}"`
  }

  /**
   * Calls a function that returns rows, and renames their columns for TypeScript: `event_id` becomes `eventId`.
   *
   * @param args - arguments by name; an undefined one is left out, so that the function's default applies
   * @param columns - the select list; `$schema` stands for the schema
   * @throws the error class for the SQLSTATE, or the error of the driver
   */
  async rows<Row>(name: string, args: Record<string, Argument>, columns = '*'): Promise<Row[]> {
    const given = Object.entries(args).flatMap(([key, argument]) => (argument ? [{ key, ...argument }] : []))
    const list = given.map(({ key, type }, index) => `${key} => $${index + 1}::pg_catalog.text::${type}`).join(', ')
    const call = `${this.#schema}.${name}(${list.replaceAll('$schema', () => this.#schema)})`
    const text = `select pg_catalog.to_json(r)::pg_catalog.text as result from (select ${columns} from ${call}) r`
    const results = await this.#query(
      text,
      given.map((argument) => argument.text),
    )
    return results.map((result) => withCamelCase(parseJson(result) as Record<string, unknown>) as Row)
  }

  /** Calls a function that returns exactly one row. */
  async row<Row>(name: string, args: Record<string, Argument>, columns?: string): Promise<Row> {
    const [row] = await this.rows<Row>(name, args, columns)
    if (row === undefined) throw new Error(`${name} returned no row`)
    return row
  }

  /** Calls a function that changes something. The connection is tried first, so that no change is made without an answer. */
  async change<Row>(name: string, args: Record<string, Argument>, columns?: string): Promise<Row> {
    await this.#prove()
    return this.row(name, args, columns)
  }

  /** Calls a function that changes something and returns rows, like {@link Connection.change}. */
  async changeAll<Row>(name: string, args: Record<string, Argument>, columns?: string): Promise<Row[]> {
    await this.#prove()
    return this.rows(name, args, columns)
  }

  async #prove(): Promise<void> {
    if (!proven.has(this.#db)) {
      const [echo] = await this.#query('select $1::pg_catalog.text as result', [probe])
      if (echo !== probe) throw shapeError('db.query() does not return what it was asked for')
      proven.add(this.#db)
    }
  }

  async #query(text: string, values: string[]): Promise<string[]> {
    let answer: { rows: unknown[] }
    try {
      answer = await this.#db.query(text, values)
    } catch (error) {
      throw fromDatabaseError(error, text)
    }
    const results = resultsOf(answer)
    if (results === undefined)
      throw shapeError('db.query() does not resolve to { rows }, an object for each, with text as it is')
    return results
  }
}

/** The texts in the column `result`; undefined if the answer has another shape. */
function resultsOf(answer: unknown): string[] | undefined {
  const { rows } = (answer ?? {}) as { rows?: unknown }
  if (!Array.isArray(rows)) return undefined
  const results = rows.map((row: { result?: unknown } | null | undefined) => row?.result)
  return results.every((result) => typeof result === 'string') ? results : undefined
}

function shapeError(what: string): TypeError {
  return new TypeError(`${what}: see docs/adapters.md for the adapter that fits your library`)
}

/** Renames the properties of a row for TypeScript. */
export function withCamelCase(row: Record<string, unknown>): Record<string, unknown> {
  const renamed: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(row)) {
    let name = names.get(key)
    if (name === undefined) names.set(key, (name = key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())))
    renamed[name] = value
  }
  return renamed
}

/** Columns have few names. */
const names = new Map<string, string>()
