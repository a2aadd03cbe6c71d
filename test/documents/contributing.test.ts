// CONTRIBUTING.md tells how to add a function: a copy of the project does what it says.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { codeBlocks } from '../support/code-blocks.ts'
import { documents, readDocument } from '../support/documents.ts'
import { useServer } from '../support/empty-database.ts'
import { projectFolder, runProgram } from '../support/run-program.ts'

const server = useServer(test)

test('a function can be added as CONTRIBUTING.md says', async (t) => {
  const folder = copyOfProject(t)
  // Tests that begin anew, whatever this run of them was told.
  const ours = Object.keys(process.env).filter((name) => name.startsWith('KANTHORQ_'))
  const env = {
    ...Object.fromEntries(ours.map((name) => [name, undefined])),
    DATABASE_URL: server.serverUrl(),
  }
  const run = (program: string, args: string[], input = '') => runProgram(program, args, { cwd: folder, env, input })

  let said = ''
  for (const { language, text, above } of codeBlocks('CONTRIBUTING.md')) {
    if (language === 'sql') {
      const file = /`(db\/\S+\.sql)`(?![^]*`db\/\S+\.sql`)/.exec(above)?.[1] ?? ''
      mkdirSync(dirname(join(folder, file)), { recursive: true })
      writeFileSync(join(folder, file), text)
      continue
    }
    const outcome = await run('bash', ['-euo', 'pipefail', '-c', text])
    t.is(outcome.code, 0, `${text}\n${outcome.stdout}${outcome.stderr}`)
    said += outcome.stdout
  }

  t.regex(said, /lists_streams_by_name\.sql {2}1 passed/)
  t.regex(said, /^\d{3} passed, 0 failed$/m, 'the tests of all functions have passed')
  const written = (file: string) => readFileSync(join(folder, file), 'utf8')
  t.regex(written('migrations/0003_functions.sql'), /^-- function: kanthorq_stream_list$/m)
  t.regex(written('docs/reference/sql.md'), /^### kanthorq_stream_list$/m)
})

test('what documents tell to run with npm is there', (t) => {
  const { scripts } = JSON.parse(readFileSync(join(projectFolder, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  const named = documents().flatMap((file) =>
    [...readDocument(file).matchAll(/npm run ([\w:]+)/g)].map(([, name = '']) => name),
  )
  t.true(named.length > 10)
  t.deepEqual(
    [...new Set(named)].filter((name) => !(name in scripts)),
    [],
  )
})

/** What the steps need: not what git does not keep, and of the tests those that they name. With the packages of this one. */
function copyOfProject(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'kanthorq-copy-'))
  t.teardown(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  const left = ['node_modules', '.git', 'dist', 'bench', 'examples']
  const steps = readDocument('CONTRIBUTING.md')
  cpSync(projectFolder, folder, {
    recursive: true,
    filter: (path) => !left.includes(basename(path)) && (!path.endsWith('.test.ts') || steps.includes(basename(path))),
  })
  symlinkSync(join(projectFolder, 'node_modules'), join(folder, 'node_modules'))
  return folder
}
