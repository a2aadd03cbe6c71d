import { lineType, Parser, type FinalResults, type Result } from 'tap-parser'

/** A test, or a thing that is wrong with a file as a whole. */
export interface Outcome {
  ok: boolean
  name: string
  /** Line in the file, counted from 1; undefined where it is not known. */
  line: number | undefined
  /** What else there is to say, line by line: pgTAP's diagnostics, for instance. */
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
export function parseTap(rows: TapRow[], sqlFailure?: Outcome): Outcome[] {
  const points: { line: number | undefined; details: string[] }[] = []
  const outcomes: Outcome[] = []
  let bailoutLine: number | undefined
  let results: FinalResults | undefined

  const parser = new Parser((final) => (results = final))
  parser.on('assert', (result: Result) => {
    const point = points[outcomes.length]
    const complaints = complaintsAbout(result)
    outcomes.push({
      ok: result.ok && complaints.length === 0,
      name: result.name.replace(/^- /, '') || `test ${result.id}`,
      line: point?.line,
      details: [...complaints, ...(point?.details ?? [])],
    })
  })
  for (const { text, line } of rows) {
    // The diagnostics of a test are in its own row; the comments in other rows are about the file.
    let point: (typeof points)[number] | undefined
    for (const textLine of text.split('\n')) {
      const type = lineType(`${textLine}\n`)?.[0]
      if (type === 'testPoint') points.push((point = { line, details: [] }))
      else if (type === 'comment' && !/^# Failed test \d+/.test(textLine)) {
        point?.details.push(textLine.replace(/^# ?/, ''))
      } else if (type === 'bailout') bailoutLine = line
    }
    parser.write(`${text}\n`)
  }
  parser.end()

  return [...outcomes, ...fileFailures(outcomes.length, results, bailoutLine, sqlFailure)]
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
