// The benchmarks, all of them with small tables: that they run, and that nothing is missing from what they report.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import type * as Report from '../../bench/report.ts'
import { readResults, type Results } from '../../bench/results.ts'
import { useServer } from '../support/empty-database.ts'
import { projectFolder, runProgram } from '../support/run-program.ts'

const load = createRequire(import.meta.url)
const server = useServer(test)
const out = mkdtempSync(join(tmpdir(), 'kanthorq-bench-'))
test.after.always(() => {
  rmSync(out, { recursive: true })
})

/** Runs `npm run bench` with these arguments. */
function bench(...args: string[]) {
  return runProgram(process.execPath, ['--import', 'tsx', 'bench/run.ts', ...args], {
    env: { DATABASE_URL: server.serverUrl() },
  })
}

/** Each of these with each of those. */
function combined(...lists: string[][]): string[] {
  return lists.reduce(
    (rows, list) => rows.flatMap((row) => list.map((item) => `${row} ${item}`.trim())),
    [''],
  )
}

test.serial('the benchmarks run, and say what they leave out', async (t) => {
  const { code, stdout, stderr } = await bench('--scale', '0.01', '--minutes', '0.02', '--out', out)
  t.is(code, 0, stdout + stderr)
  t.regex(stdout, /^50,000 ids are too many for 10,000 tasks: left out$/m)
})

test.serial('every contender cancels and resumes every number of ids', (t) => {
  const { rows } = result('ids')
  t.deepEqual(
    rows.map(({ ids, action, contender }) => `${ids} ${action} ${contender}`),
    combined(
      ['1', '10', '100', '500', '5000'],
      ['cancel', 'resume'],
      [
        'bare UPDATE',
        'kanthorq-tasks',
        'UPDATE and log',
        'KanthorQ',
        "River's shape",
        'pg-boss',
        'graphile-worker',
      ],
    ),
  )
  for (const { ms, timesBare } of rows) t.true(ms.median > 0 && timesBare.median > 0)
})

test.serial('workers claim tasks while each way to cancel by filter cancels the same', (t) => {
  const { rows, matching } = result('filter')
  t.deepEqual(
    rows.map(({ contender }) => contender),
    [
      'kanthorq_task_cancel_all',
      "kanthorq_task_cancel_all, pause => '0'",
      'one UPDATE',
      'UPDATE … LIMIT 1000, over and over',
    ],
  )
  const [ours, hurried, update] = rows
  t.is(ours?.cancelled, matching)
  t.is(hurried?.cancelled, matching)
  t.is(update?.cancelled, matching)
  for (const { claimsAlone, share } of rows) {
    t.true(claimsAlone.median > 0 && Number.isFinite(share.median))
  }
})

test.serial('every call is made in every table', (t) => {
  const { rows, tables, memory } = result('growth')
  const calls = [
    ...['cancel', 'resume', 'explain', 'claim of a worker'],
    ...[
      'newest',
      'in the middle',
      'states',
      'subject',
      'subject, wildcard',
      'states, subject',
      'metadata',
      'error',
      'states, error',
      'created_after',
      'created_before',
    ].map((page) => `find: ${page}`),
  ]
  const names = ['10 thousand', '1 million', '10 million', '95 % completed', '16 partitions']
  t.deepEqual(
    tables.map(({ table }) => table),
    names,
  )
  t.deepEqual(
    rows.map(({ table, what }) => `${table} ${what}`),
    combined(names, calls),
  )
  t.deepEqual(
    memory.map(({ what }) => what),
    ['kanthorq-tasks', 'bare UPDATE'],
  )
  for (const { client } of memory) t.true(client > 0)
})

test.serial('each part has a chart, which names all that it compares', (t) => {
  for (const [part, names] of Object.entries({
    ids: ['pg-boss', '5,000 ids', 'resume'],
    filter: ['kanthorq_task_cancel_all', 'one UPDATE'],
    growth: ['16 partitions', 'explain'],
  })) {
    const svg = readFileSync(join(out, `${part}.svg`), 'utf8')
    for (const name of names) t.true(svg.includes(`>${name}<`), `${part}: ${name}`)
    t.false(/NaN|undefined|Infinity/.test(svg), part)
  }
})

// report.ts wants packages that the first test has installed.
test.serial(
  'the documents have a place for every result, and show those that are committed',
  async (t) => {
    // It needs packages that are there since the benchmarks have run.
    const { documents, withResults } = load('../bench/report.ts') as typeof Report
    for (const document of documents) {
      const filled = await withResults(document, readResults(out))
      t.notRegex(filled, /Not measured yet|NaN|undefined/)
      const committed = readResults(join(projectFolder, 'bench/results'))
      t.is(readFileSync(document, 'utf8'), await withResults(document, committed), document)
    }
  },
)

test.serial('arguments that make no sense are refused before anything is done', async (t) => {
  for (const [args, message] of [
    [['--scale', '2'], '--scale 2: from above 0 to 1'],
    [['--minutes', 'ten'], '--minutes ten: above 0'],
    [['growht'], 'growht: there is no such part'],
  ] as const) {
    const { code, stderr } = await bench(...args)
    t.is(code, 2)
    t.is(stderr.split('\n')[0], message)
  }
})

function result<P extends keyof Results>(part: P): Results[P] {
  return JSON.parse(readFileSync(join(out, `${part}.json`), 'utf8')) as Results[P]
}
