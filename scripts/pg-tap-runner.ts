import { readFile } from 'node:fs/promises'
import { styleText } from 'node:util'
import pg from 'pg'
import { Parser, type FinalResults, type Result } from 'tap-parser'
import { lineOfPosition, statementsOf } from './source-lines.ts'

/** A test, or a thing that is wrong with a file as a whole. */
interface Outcome {
  ok: boolean
  name: string
  line?: number | undefined
  /** More about it, line by line: pgTAP's diagnostics, for instance. */
  details?: string[]
}

/** A row of output, and the line of the statement that produced it. */
interface Row {
  text: string
  line: number
}

/**
 * Runs pgTAP files one after the other, each in a connection of its own, and writes a line for each file, then each failure.
 *
 * @param options.url - the database, with pgTAP in its schema `tap`
 * @returns how many tests passed and failed; anything else that is wrong with a file counts as one failure
 */
export async function runTapFiles({
  url,
  files,
  write,
}: {
  url: string
  files: string[]
  write: (text: string) => void
}): Promise<{ passed: number; failed: number }> {
  const sum = { passed: 0, failed: 0 }
  const failures: string[] = []
  for (const file of files) {
    const start = performance.now()
    const outcomes = await runFile(url, file)
    const bad = outcomes.filter(({ ok }) => !ok)
    const good = outcomes.length - bad.length
    sum.passed += good
    sum.failed += bad.length
    failures.push(...bad.map((each) => describe(file, each)))
    const mark = bad.length === 0 ? styleText('green', '✓') : styleText('red', '✗')
    const counts = `${good} passed${bad.length === 0 ? '' : `, ${bad.length} failed`}`
    write(`${mark} ${file}  ${counts}  ${Math.round(performance.now() - start)} ms\n`)
  }
  for (const text of [...failures, `${sum.passed} passed, ${sum.failed} failed`]) write(`\n${text}\n`)
  return sum
}

function describe(file: string, { name, line, details = [] }: Outcome): string {
  const place = line === undefined ? file : `${file}:${line}`
  return [`${styleText('red', '✗')} ${place}  ${name}`, ...details].join('\n  ')
}

/** Runs a file of plain SQL, statement by statement, with `search_path` set to `tap, public`. */
async function runFile(url: string, file: string): Promise<Outcome[]> {
  const sql = await readFile(file, 'utf8')
  const client = new pg.Client({ connectionString: url, application_name: 'pg-tap-runner' })
  // A lost connection also fails the query that is running, which reports it.
  client.on('error', () => undefined)
  await client.connect()
  const rows: Row[] = []
  try {
    await client.query('set search_path to tap, public')
    for (const { text, line } of await statementsOf(sql)) {
      try {
        const result = await client.query<unknown[]>({ text, rowMode: 'array' })
        rows.push(...result.rows.map((row) => ({ text: row.join('|'), line })))
      } catch (error) {
        const { position } = error as Partial<pg.DatabaseError>
        const below = position === undefined ? 0 : lineOfPosition(text, Number(position)) - 1
        return judge(rows, sqlFailure(error as pg.DatabaseError, line + below))
      }
    }
    return judge(rows)
  } finally {
    await client.end()
  }
}

function sqlFailure({ message, code, detail, hint, where }: pg.DatabaseError, line: number) {
  const details = Object.entries({ SQLSTATE: code, detail, hint, where }).flatMap(([label, text]) =>
    text === undefined ? [] : `${label}: ${text}`.split('\n'),
  )
  return { ok: false, name: `SQL error: ${message}`, line, details }
}

/**
 * Judges the TAP in the rows of a file.
 *
 * @param failure - the error that ended the file, if one did
 * @returns an outcome for each test, then one if something is wrong with the file: a file that tests nothing fails
 */
function judge(rows: Row[], failure?: Outcome): Outcome[] {
  const events = Parser.parse(rows.map(({ text }) => `${text}\n`).join(''))
  const valuesOf = (event: string) => events.flatMap(([name, value]) => (name === event ? [value as unknown] : []))
  // The row of each test, which has its diagnostics too.
  const tested = rows.flatMap((row) => Array.from(row.text.matchAll(/^(not )?ok\b/gm), () => row))
  const outcomes = (valuesOf('assert') as Result[]).map((result, index): Outcome => {
    const complaint = complaintAbout(result)
    const { text = '', line } = tested[index] ?? {}
    const diagnostics = text.split('\n').filter((each) => /^#(?! Failed test \d)/.test(each))
    return {
      ok: result.ok && complaint === undefined,
      name: result.name.replace(/^- /, '') || `test ${result.id}`,
      line,
      details: [complaint ?? [], diagnostics.map((each) => each.replace(/^# ?/, ''))].flat(),
    }
  })
  const [results] = valuesOf('complete') as FinalResults[]
  const problem = failure ?? fileFailure(rows, results)
  return problem === undefined ? outcomes : [...outcomes, problem]
}

/** Why a test that may call itself ok is not: the project allows neither skipped tests nor open ones. */
function complaintAbout({ skip, todo, tapError }: Result): string | undefined {
  if (skip !== false) return `skipped (${String(skip)}): a test that does not run counts as failed`
  if (todo !== false) return `todo (${String(todo)}): a test that may fail counts as failed`
  return tapError ?? undefined
}

function fileFailure(rows: Row[], results: FinalResults | undefined): Outcome | undefined {
  const { bailout, plan, count = 0 } = results ?? {}
  const failure = (name: string, line?: number) => ({ ok: false, name, line })
  if (bailout) return failure(`bailed out: ${String(bailout)}`, rows.find(({ text }) => /^bail out!/im.test(text))?.line)
  if (count === 0) return failure('no test ran: a file has to test something')
  if (plan?.end === count) return undefined
  return failure(`the plan does not match: planned ${plan?.end ?? 'no'} tests, ran ${count}`)
}
