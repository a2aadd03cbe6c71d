// Every code block of the documents runs word for word, in the order of the document.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { transformSync } from 'esbuild'
import { codeBlocks, comparable, type Block } from '../support/code-blocks.ts'
import { commandLine } from '../support/command-line.ts'
import { documents } from '../support/documents.ts'
import { useServer } from '../support/empty-database.ts'
import { startServerWithExtension } from '../support/extension-server.ts'
import { emptyProject, shippedExtension, type Project } from '../support/packed.ts'
import { projectFolder, runProgram, type Outcome } from '../support/run-program.ts'
import { databaseOfKanthorq } from './database-of-kanthorq.ts'

/** Starts a database that is new each time. */
const startDatabase = /^npm run db -- (--\w+)\n$/
const install = 'npm ci\n'
/** Other tests run the blocks of these, or compare them. */
const elsewhere = [
  'README.md',
  'CONTRIBUTING.md',
  'docs/adapters.md',
  'docs/monitoring.md',
  'docs/reference/sql.md',
  'docs/reference/typescript.md',
  'docs/testing.md',
]
/** The code blocks of each document. */
const stories = new Map(
  documents()
    .filter((document) => !elsewhere.includes(document))
    .map((document) => [document, codeBlocks(document).filter(({ language }) => language !== 'mermaid')]),
)

let project: Project | undefined
/** The program of each TypeScript block. */
const programs = new Map<Block, string>()
// The server has the files of the extension.
const server = useServer(test, async () => {
  project = await emptyProject()
  for (const blocks of stories.values()) writePrograms(project, blocks)
  writeCommand(project)
  return startServerWithExtension(shippedExtension(project))
})
test.after.always(() => project?.remove())

test('the TypeScript of all documents type-checks', async (t) => {
  t.true(programs.size > 10)
  const tsc = join(projectFolder, 'node_modules/typescript/bin/tsc')
  const cwd = project?.folder ?? ''
  const { code, stdout } = await runProgram(process.execPath, [tsc, '-p', cwd], { cwd })
  t.is(code, 0, stdout)
})

for (const [document, blocks] of stories) {
  if (blocks.length === 0) continue

  test(`the code blocks of ${document} run and print what the document shows`, async (t) => {
    // Then ids and times are new each time.
    const isNew = blocks.some(({ text }) => startDatabase.test(text))
    let url = isNew ? '' : await openDatabase(t)
    const shown = isNew ? comparable : trimLines
    const role = await server.role()

    for (const block of blocks) {
      const [, kind] = startDatabase.exec(block.text) ?? []
      if (kind !== undefined) {
        url = (await startDb(t, [kind])).url
        continue
      }
      // The packages are installed.
      if (block.text === install) continue
      const text = block.text.replaceAll(/(?<=[' ])support(?=[' \n])/g, role.name)
      const outcome = await runBlock(block.language, text, programs.get(block), url)
      t.is(outcome.code, 0, `${text}\n${outcome.stdout}${outcome.stderr}`)
      if (block.output !== undefined) t.is(shown(outcome.stdout), shown(block.output))
    }
  })
}

test('npm run db prints an address for psql and removes the database when interrupted', async (t) => {
  const { url, interrupt } = await startDb(t, [])
  const query = "select tasks from kanthorq_task_stats('send_email') where state = 'completed'"
  const there = await runProgram('psql', [url, '-X', '-A', '-t', '-c', query])
  t.is(there.stdout, '6\n')

  t.deepEqual(await interrupt(), [130, null])
  const gone = await runProgram('psql', [url, '-c', 'select'])
  t.regex(gone.stderr, /database "kanthorq_tmp_\w+" does not exist/)
})

async function openDatabase(t: ExecutionContext): Promise<string> {
  const { url, client } = await databaseOfKanthorq(t, server)
  // The default from PostgreSQL 15 on.
  await client.query('revoke create on schema public from public')
  return url
}

/** Runs `npm run db` until it has printed the address of its database. */
async function startDb(t: ExecutionContext, args: string[]) {
  // Outside of this run, which would remove the database itself.
  const env = { ...process.env, DATABASE_URL: server.serverUrl(), KANTHORQ_RUN: undefined }
  const options = { cwd: projectFolder, env }
  const db = spawn(process.execPath, ['--import', 'tsx', 'scripts/db.ts', ...args], options)
  const interrupt = async () => {
    db.kill('SIGINT')
    return db.exitCode ?? (await once(db, 'exit'))
  }
  t.teardown(interrupt)
  let printed = ''
  for await (const chunk of db.stdout) {
    printed += String(chunk)
    if (printed.includes('Ctrl-C')) break
  }
  return { url: /'(postgres[^']+)'/.exec(printed)?.[1] ?? '', interrupt }
}

async function runBlock(language: string, text: string, file: string | undefined, url: string): Promise<Outcome> {
  const cwd = project?.folder ?? ''
  const env = {
    DATABASE_URL: url,
    npm_config_prefer_offline: 'true',
    npm_config_loglevel: 'error',
    // The time zone of the documents.
    TZ: 'UTC',
    PATH: [join(cwd, 'bin'), process.env['PATH']].join(delimiter),
  }
  switch (language) {
    case 'sql':
      return runProgram('psql', [url, '-X', '-v', 'ON_ERROR_STOP=1', '-P', 'footer=off'], {
        input: text,
      })
    case 'ts':
      return runProgram(process.execPath, [file ?? ''], { cwd, env })
    case 'sh': {
      // The packed package takes the place of the published one. Standard error is shown as on a terminal.
      const script = text.replace('npm install kanthorq-tasks ', `npm install ${project?.tarball ?? ''} `)
      return runProgram('bash', ['-euo', 'pipefail', '-c', `exec 2>&1\n${script}`], { cwd, env })
    }
    default:
      throw new Error(`a block in ${language} can't run: use sql, ts or sh`)
  }
}

/** The TypeScript blocks of a document are one program: a block without imports begins like the first. */
function program(text: string, beginning: string): string {
  const whole = text.startsWith('import ') ? text : beginning + text
  return whole.includes('pool.end()') || !whole.includes('pool') ? whole : `${whole}await pool.end()\n`
}

/** Writes each TypeScript block of a document into a file of its own, to be checked, and as JavaScript, to be run. */
function writePrograms({ folder }: Project, blocks: Block[]): void {
  const inTypeScript = blocks.filter(({ language }) => language === 'ts')
  for (const block of inTypeScript) {
    const text = program(block.text, inTypeScript[0]?.text ?? '')
    const file = join(folder, `block-${programs.size}`)
    writeFileSync(`${file}.ts`, text)
    writeFileSync(`${file}.mjs`, transformSync(text, { loader: 'ts' }).code)
    programs.set(block, `${file}.mjs`)
  }
}

/** Makes `kanthorq-tasks` a command, as after an installation with --global, which starts faster. */
function writeCommand({ folder }: Project): void {
  const file = join(folder, 'bin/kanthorq-tasks')
  mkdirSync(join(folder, 'bin'))
  writeFileSync(file, `#!/bin/sh\nexec ${commandLine([]).join(' ')} "$@"\n`)
  chmodSync(file, 0o755)
}

/** psql pads its columns with blanks at the end of lines. */
function trimLines(text: string): string {
  return text.replace(/ +$/gm, '').trimEnd()
}
