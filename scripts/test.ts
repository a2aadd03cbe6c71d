// npm test: all pgTAP files and all ava files, on one server, each kind twice: as the owner of everything, and as a role
// that may only execute the functions.
import { readdirSync, readFileSync } from 'node:fs'
import { createTemplate } from '../test/support/template.ts'
import { findTapFiles, runTapFiles } from './pg-tap-runner.ts'
import { runAva } from './run-ava.ts'
import { startServer } from './server.ts'
import { createDatabase } from './throwaway-database.ts'

const sum = { passed: 0, failed: 0 }

function add(result: { passed: number; failed: number }): void {
  sum.passed += result.passed
  sum.failed += result.failed
}

const server = await startServer()
try {
  const template = await createTemplate(server.url)
  const env = { DATABASE_URL: server.url, KANTHORQ_TEST_TEMPLATE: JSON.stringify(template) }

  const { url } = await createDatabase(server.url, new URL(template.url).pathname.slice(1))
  const files = await findTapFiles(['db/tests'])
  title('pgTAP, as the owner')
  add(await runTapFiles({ url, files, reporter: 'report' }))
  title('pgTAP, as a role that may only execute the functions')
  add(await runTapFiles({ url, files, reporter: 'report', role: template.operator.name }))

  title('ava, as the owner')
  add(await runAva([], env))
  title('ava, as a role that may only execute the functions')
  add(await runAva(filesWithDatabase(), { ...env, KANTHORQ_TEST_AS: 'operator' }))
} finally {
  await server.stop()
}
console.log(`\n${String(sum.passed)} passed, ${String(sum.failed)} failed`)
process.exitCode = sum.failed === 0 && sum.passed > 0 ? 0 : 1

function title(text: string): void {
  console.log(`\n${text} (PostgreSQL ${server.version})\n`)
}

/** The test files that can be run as another role: those that take their database from useDatabase. */
function filesWithDatabase(): string[] {
  return readdirSync('test')
    .map((file) => `test/${file}`)
    .filter(
      (file) => file.endsWith('.test.ts') && readFileSync(file, 'utf8').includes('useDatabase('),
    )
}
