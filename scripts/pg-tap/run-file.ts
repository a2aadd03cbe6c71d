import { readFile } from 'node:fs/promises'
import pg from 'pg'
import { parseTap, type Outcome } from './parse-tap.ts'
import { lineOfPosition, statementLines } from './source-lines.ts'

/** What came of one pgTAP file. */
export interface FileResult {
  file: string
  /** One for each test that ran, and one for each thing that is wrong with the file as a whole. */
  outcomes: Outcome[]
  /** How long it took, in milliseconds. */
  ms: number
}

/**
 * Runs a pgTAP file in a connection of its own, with `search_path` set to `tap, public`.
 *
 * @param url - the database, with pgTAP in its schema `tap`
 * @param file - path of a file of plain SQL (no psql commands)
 * @param role - whom to run the file as, as if this role had logged in; the user of `url` must then be a superuser
 * @throws a database error when the connection, or the change of role, fails
 */
export async function runFile(url: string, file: string, role?: string): Promise<FileResult> {
  const sql = await readFile(file, 'utf8')
  const start = performance.now()
  const client = new pg.Client({ connectionString: url, application_name: 'pg-tap-runner' })
  // A lost connection also fails the query that is running, which is where it is reported.
  client.on('error', () => undefined)
  await client.connect()
  try {
    await prepare(client, role)
    const { rows, error, statement } = await execute(client, sql)
    const lines = await statementLines(sql)
    const outcomes = parseTap(
      rows.map((row) => ({ text: row.text, line: lines[row.statement] })),
      error && sqlFailure(error, sql, lines[statement]),
    )
    return { file, outcomes, ms: performance.now() - start }
  } finally {
    await client.end()
  }
}

async function prepare(client: pg.Client, role: string | undefined): Promise<void> {
  const { rows } = await client.query<{ loaded: boolean }>(
    "select to_regprocedure('tap.plan(integer)') is not null as loaded",
  )
  if (!rows[0]?.loaded) {
    throw new Error(
      `database ${client.database ?? ''} has no pgTAP in schema tap: call loadPgtap (scripts/load-pgtap.ts) first`,
    )
  }
  await client.query('set search_path to tap, public')
  // Not SET ROLE: a file's own RESET ROLE would undo that, and session_user would still be somebody else.
  if (role !== undefined) {
    await client.query(`set session authorization ${client.escapeIdentifier(role)}`)
  }
}

interface Execution {
  rows: { text: string; statement: number }[]
  error?: Error
  /** Index of the statement that failed; the number of statements if none did. */
  statement: number
}

/** Sends the whole text at once and keeps the rows that came before an error, which the promise API drops. */
function execute(client: pg.Client, sql: string): Promise<Execution> {
  const rows: Execution['rows'] = []
  let statement = 0
  const query = new pg.Query<(string | null)[]>({
    text: sql,
    rowMode: 'array',
    types: { getTypeParser: () => (value: string) => value },
  } as pg.QueryArrayConfig)
  query.on('row', (row) => {
    rows.push({ text: row.map((value) => value ?? '').join('|'), statement })
  })
  client.connection.on('commandComplete', () => (statement += 1))
  return new Promise((resolve) => {
    query.on('error', (error) => {
      resolve({ rows, error, statement })
    })
    query.on('end', () => {
      resolve({ rows, statement })
    })
    client.query(query)
  })
}

function sqlFailure(error: Error, sql: string, statementLine: number | undefined): Outcome {
  const { code, position, detail, hint, where } = error as Partial<pg.DatabaseError>
  return {
    ok: false,
    name: `SQL error: ${error.message}`,
    line: position === undefined ? statementLine : lineOfPosition(sql, Number(position)),
    details: [
      ...labelled('SQLSTATE', code),
      ...labelled('detail', detail),
      ...labelled('hint', hint),
      ...labelled('where', where),
    ],
  }
}

function labelled(label: string, text: string | undefined): string[] {
  return text === undefined ? [] : `${label}: ${text}`.split('\n')
}
