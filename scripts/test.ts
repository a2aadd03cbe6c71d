// npm test: all pgTAP files and all ava files, on one server, each kind twice: as the owner of everything, and as a role
// that may only execute the functions.
//
// npm test -- <path>…: only these, files of either kind or folders of pgTAP files.
//
// What else it can be told by the environment is for scripts/test-matrix.ts and for CI:
// - KANTHORQ_TEST_VIA=pgbouncer    calls go through PgBouncer (test/support/route.ts)
// - KANTHORQ_TEST_PARTITIONS=4     tables of tasks have so many partitions (test/support/template.ts)
// - KANTHORQ_TEST_WITHOUT=a,b      test files to leave out
// - KANTHORQ_TEST_ONCE=operator    each file once: as this role, `owner` or `operator`, if it can be run as either
// - KANTHORQ_TEST_EFFORT=0.1       do less of what is done at random (test/support/effort.ts)
// - KANTHORQ_TEST_TOTALS=file      a file to which the last line is added
import { appendFileSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { openRoute, routed } from '../test/support/route.ts'
import { as, createTemplate, type Template } from '../test/support/template.ts'
import { findTapFiles, runTapFiles } from './pg-tap-runner.ts'
import { runAva } from './run-ava.ts'
import { startServer } from './server.ts'
import { createDatabase } from './throwaway-database.ts'

/** What the command line names; everything, if it names nothing. */
const wanted = process.argv.slice(2).map((path) => path.replace(/\/$/, ''))
const missing = wanted.filter((path) => !existsSync(path))
if (missing.length > 0) {
  console.error(
    `no file or folder ${missing.join(', ')}: name test files, or folders of pgTAP files`,
  )
  process.exit(2)
}
const once = process.env['KANTHORQ_TEST_ONCE']
if (once !== undefined && once !== 'owner' && once !== 'operator')
  throw new Error(`KANTHORQ_TEST_ONCE is ${once}: set it to owner or operator, or unset it`)
const asRole = { owner: once !== 'operator', operator: once !== 'owner' }
/** These take long, and are not run as the owner: the role with fewer rights has more that could go wrong. */
const long = [
  'test/security/hostile-input.test.ts',
  'test/security/hostile-sessions.test.ts',
  'test/concurrency/isolation-levels.test.ts',
  'test/concurrency/races.test.ts',
  'test/transitions/model.test.ts',
]
const sum = { passed: 0, failed: 0 }

function add(result: { passed: number; failed: number }): void {
  sum.passed += result.passed
  sum.failed += result.failed
}

const server = await startServer()
try {
  const template = await createTemplate(server.url)
  const closeRoute = await openRoute(server.url, template)
  const env = { DATABASE_URL: server.url, KANTHORQ_TEST_TEMPLATE: JSON.stringify(template) }

  const tapRuns = [
    ...(asRole.owner ? [{ title: 'pgTAP, as the owner', role: undefined }] : []),
    ...(asRole.operator
      ? [{ title: 'pgTAP, as a role that may only execute the functions', role: template.operator }]
      : []),
  ]
  // All of them beside the first files of ava, for one alone leaves half of the machine idle.
  const tap = Promise.all(
    tapRuns.map(async ({ title, role }) => ({ ...(await runTap(template.url, role)), title })),
  )

  const files = avaFiles()
  const ownersFiles = files.filter(
    (file) => !usesDatabase(file) || (asRole.owner && !(asRole.operator && long.includes(file))),
  )
  if (ownersFiles.length > 0) {
    title('ava, as the owner')
    add((await Promise.all([runAva(ownersFiles, env), tap]))[0])
  }
  for (const result of await tap) {
    title(result.title)
    process.stdout.write(result.report)
    add(result)
  }
  const operatorsFiles = asRole.operator ? files.filter(usesDatabase) : []
  if (operatorsFiles.length > 0) {
    title('ava, as a role that may only execute the functions')
    add(await runAva(operatorsFiles, { ...env, KANTHORQ_TEST_AS: 'operator' }))
  }
  await closeRoute()
} finally {
  await server.stop()
}
const total = `${String(sum.passed)} passed, ${String(sum.failed)} failed`
console.log(`\n${total}`)
const totals = process.env['KANTHORQ_TEST_TOTALS']
if (totals) appendFileSync(totals, `${total}\n`)
process.exitCode = sum.failed === 0 && sum.passed > 0 ? 0 : 1

function title(text: string): void {
  console.log(`\n${text} (PostgreSQL ${server.version})\n`)
}

/** Runs the pgTAP files in a database of their own. */
async function runTap(templateUrl: string, role?: Template['operator']) {
  const { url } = await createDatabase(server.url, new URL(templateUrl).pathname.slice(1))
  const files = (await findTapFiles(['db/tests'])).filter(isWanted)
  let report = ''
  const write = (text: string) => (report += text)
  const login = routed(role ? as(role, url) : url)
  return { ...(await runTapFiles({ url: login, files, reporter: 'report', write })), report }
}

function avaFiles(): string[] {
  return readdirSync('test', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .sort()
    .map((file) => `test/${file}`)
    .filter(isWanted)
}

/** Whether a test file can be run as another role: those can that take their database from useDatabase. */
function usesDatabase(file: string): boolean {
  return readFileSync(file, 'utf8').includes('useDatabase(')
}

/** Whether it is among those that were named, if any were, and not among those that were to be left out. */
function isWanted(file: string): boolean {
  const isNamed = wanted.some((path) => file === path || file.startsWith(`${path}/`))
  const isLeftOut = (process.env['KANTHORQ_TEST_WITHOUT'] ?? '').split(',').includes(file)
  return (wanted.length === 0 || isNamed) && !isLeftOut
}
