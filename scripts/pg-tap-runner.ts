import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs, styleText } from 'node:util'
import pg from 'pg'
import { lineOfPosition, statementLines } from './pg-tap/source-lines.ts'
import { judge, type Outcome, type TapRow } from './pg-tap/judge.ts'

const usage = `Usage: tsx scripts/pg-tap-runner.ts [options] [paths…]

Runs pgTAP files. Paths are files, or folders to search for *.sql; db/tests if none is given.

  --url <postgres://…>        database with pgTAP in its schema tap; default: DATABASE_URL
  --role <name>               run the files as this role, as if it had logged in

Exit code: 0 all tests passed, 1 not so (or there were none), 2 wrong usage.
`

/**
 * Runs pgTAP files one after the other, each in a connection of its own, and writes a line for each file, then each failure.
 *
 * @param options.url - the database, with pgTAP in its schema `tap`
 * @param options.role - the role to run the files as; the user of `url` must then be a superuser
 * @param options.write - takes the report as it comes; default: standard output
 * @returns how many tests passed and failed. Anything else that is wrong with a file counts as one failure, so that each
 * file yields at least one of either
 * @throws a database error when the connection or the change of role fails
 */
export async function runTapFiles(options: {
  url: string
  role?: string
  files: string[]
  write?: (text: string) => void
}): Promise<{ passed: number; failed: number }> {
  const write = options.write ?? ((text: string) => void process.stdout.write(text))
  const sum = { passed: 0, failed: 0 }
  const failures: string[] = []
  for (const file of options.files) {
    const start = performance.now()
    const outcomes = await runFile(options.url, file, options.role)
    const bad = outcomes.filter(({ ok }) => !ok)
    const good = outcomes.length - bad.length
    sum.passed += good
    sum.failed += bad.length
    failures.push(...bad.map((each) => describe(file, each)))
    const mark = bad.length === 0 ? styleText('green', '✓') : styleText('red', '✗')
    const counts = `${good} passed${bad.length === 0 ? '' : `, ${bad.length} failed`}`
    write(`${mark} ${file}  ${counts}  ${Math.round(performance.now() - start)} ms\n`)
  }
  write(
    [...failures, `${sum.passed} passed, ${sum.failed} failed`]
      .map((each) => `\n${each}\n`)
      .join(''),
  )
  return sum
}

function describe(file: string, { name, line, details }: Outcome): string {
  const place = line === undefined ? file : `${file}:${line}`
  return [`${styleText('red', '✗')} ${place}  ${name}`, ...details.map((text) => `  ${text}`)].join(
    '\n',
  )
}

/**
 * The SQL files at some paths, sorted.
 *
 * @param paths - files, taken as they are, and folders, searched to the bottom for `*.sql`
 * @throws Error when a path does not exist
 */
export async function findTapFiles(paths: string[]): Promise<string[]> {
  const files = await Promise.all(
    paths.map(async (path) => {
      const found = await stat(path).catch(() => undefined)
      if (!found) throw new Error(`no file or folder ${path}: name one that exists`)
      if (!found.isDirectory()) return [path]
      const entries = await readdir(path, { recursive: true })
      return entries.filter((entry) => entry.endsWith('.sql')).map((entry) => join(path, entry))
    }),
  )
  return [...new Set(files.flat())].sort()
}

/** Runs a file of plain SQL in a connection of its own, with `search_path` set to `tap, public`. */
async function runFile(url: string, file: string, role: string | undefined): Promise<Outcome[]> {
  const sql = await readFile(file, 'utf8')
  const client = new pg.Client({ connectionString: url, application_name: 'pg-tap-runner' })
  // A lost connection also fails the query that is running, which reports it.
  client.on('error', () => undefined)
  await client.connect()
  try {
    await client.query('set search_path to tap, public')
    // Not SET ROLE: RESET ROLE in the file would undo that, and session_user would be another role.
    if (role !== undefined)
      await client.query(`set session authorization ${client.escapeIdentifier(role)}`)
    const { rows, error, statement } = await execute(client, sql)
    const lines = await statementLines(sql)
    return judge(
      rows.map((row): TapRow => ({ text: row.text, line: lines[row.statement] })),
      error && sqlFailure(error, sql, lines[statement]),
    )
  } finally {
    await client.end()
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
    details: Object.entries({ SQLSTATE: code, detail, hint, where }).flatMap(([label, text]) =>
      text === undefined ? [] : `${label}: ${text}`.split('\n'),
    ),
  }
}

async function main(): Promise<number> {
  let options
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { url: { type: 'string' }, role: { type: 'string' } },
    })
    const { role, url = process.env['DATABASE_URL'] } = values
    if (!url) throw new Error('no database: give --url or set DATABASE_URL')
    const files = await findTapFiles(positionals.length > 0 ? positionals : ['db/tests'])
    options = { url, files, ...(role !== undefined && { role }) }
  } catch (error) {
    process.stderr.write(`pg-tap-runner: ${(error as Error).message}\n\n${usage}`)
    return 2
  }
  const { passed, failed } = await runTapFiles(options)
  if (passed + failed === 0) process.stderr.write('pg-tap-runner: found no *.sql file to run\n')
  return passed > 0 && failed === 0 ? 0 : 1
}

if (process.argv[1] === import.meta.filename) void main().then((code) => (process.exitCode = code))
