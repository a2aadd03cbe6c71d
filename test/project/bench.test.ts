// The benchmarks, all of them with small tables: that they run, and that nothing is missing from what they report.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { documents, withResults } from '../../bench/report.ts'
import { readResults, type Results } from '../../bench/results.ts'
import { useServer } from '../support/empty-database.ts'
import { projectFolder, runProgram } from '../support/run-program.ts'

const server = useServer(test)
const out = mkdtempSync(join(tmpdir(), 'kanthorq-bench-'))
test.after.always(() => {
  rmSync(out, { recursive: true })
})
const committed = readResults(join(projectFolder, 'bench/results'))

/** Runs `npm run bench` with these arguments. */
function bench(...args: string[]) {
  return runProgram(process.execPath, ['--import', 'tsx', 'bench/run.ts', ...args], {
    env: { DATABASE_URL: server.serverUrl() },
  })
}

/** What was measured, but for what is too large to be measured with small tables. */
function namesIn({ ids, filter, growth, work }: Partial<Results>) {
  return {
    ids: ids?.rows.filter((row) => row.ids < 50_000).map(({ ids, action, contender }) => `${ids} ${action} ${contender}`),
    filter: filter?.rows.map(({ contender }) => contender),
    tables: growth?.tables.map(({ table }) => table),
    growth: growth?.rows.map(({ table, what }) => `${table}, ${what}`),
    memory: growth?.memory.map(({ what }) => what),
    work: work?.rows.map(({ table, queue, handler, concurrency }) => `${table}, ${queue}, ${handler} ms, ${concurrency}`),
    calls: work?.calls.map(({ queue }) => queue),
  }
}

test('all that is measured at full size is measured with small tables, but what these are too small for', async (t) => {
  // Of each queue a new database for each table.
  t.timeout(600_000)
  const { code, stdout, stderr } = await bench('--scale', '0.01', '--minutes', '0.02', '--out', out)
  t.is(code, 0, stdout + stderr)
  t.regex(stdout, /^50,000 ids are too many for 10,000 tasks: left out$/m)
  const measured = readResults(out)
  t.deepEqual(namesIn(measured), namesIn(committed))
  const { rows = [], matching = 0 } = measured.filter ?? {}
  for (const row of rows.slice(0, 3)) t.is(row.cancelled, matching)
  const svg = readFileSync(join(out, 'filter.svg'), 'utf8')
  for (const { contender } of rows) t.true(svg.includes(contender.replace('>', '&gt;')), contender)
  t.notRegex(svg, /NaN|undefined|Infinity/)
  for (const document of documents) t.notRegex(await withResults(document, readResults(out)), /NaN|undefined/)
})

test('the documents show the committed results', async (t) => {
  for (const document of documents) t.is(readFileSync(document, 'utf8'), await withResults(document, committed), document)
})

for (const [args, message] of [
  [['--scale', '2'], '--scale 2: from above 0 to 1'],
  [['--minutes', 'ten'], '--minutes ten: above 0'],
  [['growht'], 'growht: there is no such part'],
  [['--what'], "Unknown option '--what'"],
] as const) {
  test(`npm run bench -- ${args.join(' ')} is refused before anything is done`, async (t) => {
    const { code, stdout, stderr } = await bench(...args)
    t.is(code, 2)
    t.is(stdout, '')
    t.true(stderr.startsWith(message), stderr)
    t.regex(stderr, /^Usage: npm run bench/m)
  })
}
