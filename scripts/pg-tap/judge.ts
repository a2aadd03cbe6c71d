import { Parser, type FinalResults, type Result } from 'tap-parser'

/** A test, or a thing that is wrong with a file as a whole. */
export interface Outcome {
  ok: boolean
  name: string
  /** Line in the file, counted from 1; undefined where it is not known. */
  line: number | undefined
  /** More about it, line by line: pgTAP's diagnostics, for instance. */
  details: string[]
}

/** A row of output, and the line of the statement that produced it. */
export interface TapRow {
  text: string
  line: number | undefined
}

/**
 * Judges the TAP in the rows of a file.
 *
 * @param sqlFailure - the error that ended the file, if one did
 * @returns an outcome for each test, then one for each thing wrong with the file: at least one in all, so that a file
 * which tests nothing fails
 */
export function judge(rows: TapRow[], sqlFailure?: Outcome): Outcome[] {
  const events = Parser.parse(rows.map(({ text }) => `${text}\n`).join('')) as [
    name: string,
    value: unknown,
  ][]
  const valuesOf = (event: string) =>
    events.flatMap(([name, value]) => (name === event ? [value] : []))
  // The row of each test, which has its diagnostics too.
  const tested = rows.flatMap((row) =>
    row.text.split('\n').flatMap((line) => (/^(not )?ok\b/.test(line) ? [row] : [])),
  )
  const outcomes = (valuesOf('assert') as Result[]).map((result, index): Outcome => {
    const complaints = complaintsAbout(result)
    return {
      ok: result.ok && complaints.length === 0,
      name: result.name.replace(/^- /, '') || `test ${result.id}`,
      line: tested[index]?.line,
      details: [...complaints, ...diagnostics(tested[index])],
    }
  })
  const [results] = valuesOf('complete') as FinalResults[]
  const bailoutLine = rows.find(({ text }) => /^bail out!/im.test(text))?.line
  return [...outcomes, ...fileFailures(outcomes.length, results, bailoutLine, sqlFailure)]
}

function diagnostics(row: TapRow | undefined): string[] {
  const comments = row?.text.split('\n').filter((line) => /^#(?! Failed test \d)/.test(line)) ?? []
  return comments.map((line) => line.replace(/^# ?/, ''))
}

/** Why a test that may call itself ok is not: the project allows neither skipped tests nor open ones. */
function complaintsAbout({ skip, todo, tapError }: Result): string[] {
  return [
    ...(skip === false
      ? []
      : [`skipped (${String(skip)}): a test that does not run counts as failed`]),
    ...(todo === false ? [] : [`todo (${String(todo)}): a test that may fail counts as failed`]),
    ...(tapError === null ? [] : [tapError]),
  ]
}

function fileFailures(
  ran: number,
  results: FinalResults | undefined,
  bailoutLine: number | undefined,
  sqlFailure: Outcome | undefined,
): Outcome[] {
  const plan = results?.plan
  const planned = plan?.start == null || plan.end === null || plan.skipAll ? undefined : plan.end
  const notRun =
    planned === undefined || planned <= ran ? [] : [`not run: ${planned - ran} of ${planned} tests`]
  const failure = (name: string, line?: number, details: string[] = []): Outcome[] => [
    { ok: false, name, line, details },
  ]

  if (sqlFailure) return [{ ...sqlFailure, details: [...sqlFailure.details, ...notRun] }]
  if (results?.bailout)
    return failure(`bailed out: ${String(results.bailout)}`, bailoutLine, notRun)
  if (ran === 0) return failure('no test ran: a file has to test something')
  if (planned === undefined)
    return failure('the plan is missing: begin with select plan(<number of tests>)')
  if (planned !== ran)
    return failure(`the plan does not match: planned ${planned} tests, ran ${ran}`)
  return []
}
