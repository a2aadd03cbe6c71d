// docs/guarantees.md names a test for each promise: that there is one by that name.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { projectFolder } from '../support/run-program.ts'

const document = readFileSync(join(projectFolder, 'docs/guarantees.md'), 'utf8')
const rows = document
  .split('\n')
  .filter((line) => line.startsWith('|') && !/^\| (Promise|-+) /.test(line))
const scripts = (
  JSON.parse(readFileSync(join(projectFolder, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
).scripts

interface Proof {
  file: string
  title: string | undefined
}

/** The tests that a line links to, each with the title that it names of several in the file. */
function proofsOf(line: string): Proof[] {
  return [...line.matchAll(/\]\(\.\.\/((?:test|db\/tests)\/[^)]+)\)(?: “([^”]+)”)?/g)].map(
    ([, file = '', title]) => ({ file, title }),
  )
}

test('each promise has a proof', (t) => {
  t.true(rows.length > 30)
  for (const row of rows) {
    const command = /`npm run ([\w:]+)`/.exec(row)?.[1]
    t.true(proofsOf(row).length > 0 || (command !== undefined && command in scripts), row)
  }
})

test('each proof is a test that is there', (t) => {
  for (const { file, title } of document.split('\n').flatMap(proofsOf)) {
    t.true(existsSync(join(projectFolder, file)), file)
    if (title !== undefined) {
      t.true(readFileSync(join(projectFolder, file), 'utf8').includes(`'${title}'`), title)
    }
  }
})
