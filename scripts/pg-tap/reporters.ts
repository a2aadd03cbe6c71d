import { styleText } from 'node:util'
import type { Outcome } from './parse-tap.ts'
import type { FileResult } from './run-file.ts'

/** Tells of a run while it goes on. */
export interface Reporter {
  begin(files: number): string
  file(result: FileResult): string
  end(results: FileResult[]): string
}

/** How many outcomes passed and failed. */
export function totals(results: FileResult[]): { passed: number; failed: number } {
  const outcomes = results.flatMap((result) => result.outcomes)
  const passed = outcomes.filter(({ ok }) => ok).length
  return { passed, failed: outcomes.length - passed }
}

/** For people: a line per file, then every failure with its place and diagnostics, then the totals. */
export const reportReporter: Reporter = {
  begin: () => '',
  file(result) {
    const { passed, failed } = totals([result])
    const mark = failed === 0 ? styleText('green', '✓') : styleText('red', '✗')
    const counts = failed === 0 ? `${passed} passed` : `${passed} passed, ${failed} failed`
    return `${mark} ${result.file}  ${counts}  ${Math.round(result.ms)} ms\n`
  },
  end(results) {
    const { passed, failed } = totals(results)
    const failures = results.flatMap(({ file, outcomes }) =>
      outcomes.filter(({ ok }) => !ok).map((outcome) => describeFailure(file, outcome)),
    )
    return [...failures, `${passed} passed, ${failed} failed`].map((text) => `\n${text}\n`).join('')
  },
}

function describeFailure(file: string, { name, line, details }: Outcome): string {
  const place = line === undefined ? file : `${file}:${line}`
  return [`${styleText('red', '✗')} ${place}  ${name}`, ...details.map((text) => `  ${text}`)].join(
    '\n',
  )
}

/** For programs: TAP 14 with a subtest per file. */
export const tapReporter: Reporter = {
  begin: (files) => `TAP version 14\n1..${files}\n`,
  file(result) {
    const { failed } = totals([result])
    const name = escapeTap(result.file)
    const points = result.outcomes.flatMap((outcome, index) => [
      `    ${testPoint(outcome.ok, index + 1, outcome.name)}`,
      ...(outcome.ok ? [] : failureComments(result.file, outcome)),
    ])
    return [
      `# Subtest: ${name}`,
      `    1..${result.outcomes.length}`,
      ...points,
      testPoint(failed === 0, undefined, result.file),
      '',
    ].join('\n')
  },
  end: () => '',
}

function failureComments(file: string, { line, details }: Outcome): string[] {
  return [...(line === undefined ? [] : [`at ${file}:${line}`]), ...details].map(
    (text) => `    # ${text}`,
  )
}

/** A name is escaped: a `#` in it would otherwise begin a directive, and skip or todo would hide a failure. */
function testPoint(ok: boolean, id: number | undefined, name: string): string {
  return `${ok ? 'ok' : 'not ok'}${id === undefined ? '' : ` ${id}`} - ${escapeTap(name)}`
}

function escapeTap(text: string): string {
  return text.replace(/[\\#]/g, '\\$&').replaceAll('\n', ' ')
}
