// Every code block of the documents is run, as it stands there, in the order in which it stands there.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import pg from 'pg'
import { migrate } from 'kanthorq-tasks'
import { startServer } from '../scripts/server.ts'
import { createDatabase, createRole } from '../scripts/throwaway-database.ts'
import { emptyProject } from './support/packed.ts'
import { projectFolder, run } from './support/run.ts'

interface Block {
  language: string
  text: string
  /** The block that shows what this one prints. */
  output: string | undefined
}

const documents = ['README.md', ...(existsSync(join(projectFolder, 'docs')) ? docs() : [])]

for (const document of documents) {
  test(`all code blocks of ${document} do what they say`, async (t) => {
    const server = await startServer()
    const { url, drop } = await createDatabase(server.url)
    const role = await createRole(server.url)
    const project = await emptyProject()
    t.teardown(async () => {
      project.remove()
      await drop()
      await server.stop()
    })
    await loadFixture(url)
    await migrate({ database: url })

    const env = { DATABASE_URL: url, npm_config_prefer_offline: 'true' }
    const blocks = codeBlocks(readFileSync(join(projectFolder, document), 'utf8'))
    t.true(blocks.length > 0)
    for (const [index, { language, text, output }] of blocks.entries()) {
      if (text === 'npm ci && npm run demo\nnpm test\n') {
        await runDemo(t)
        continue
      }
      const script = text
        .replace('npm install kanthorq-tasks pg', `npm install ${project.tarball} pg`)
        .replaceAll('to support;', `to ${role.name};`)
      const outcome = await (language === 'sql'
        ? run('psql', [url, '-X', '-v', 'ON_ERROR_STOP=1', '-P', 'footer=off'], { input: script })
        : language === 'sh'
          ? run('bash', ['-euo', 'pipefail', '-c', script], { cwd: project.folder, env })
          : runTypeScript(project.folder, `block-${String(index)}.ts`, script, env))
      t.is(outcome.code, 0, `${text}\n${outcome.stdout}${outcome.stderr}`)
      if (output !== undefined) t.is(trimLines(outcome.stdout), trimLines(output))
    }
  })
}

test('npm run db prints an address that psql can use, and takes everything away at the end', async (t) => {
  // Not as a part of this run, which would leave the tidying to us.
  const printed = await run('npm', ['run', '--silent', 'db'], { env: { KANTHORQ_RUN: undefined } })
  t.is(printed.code, 0)
  t.regex(printed.stdout, /psql 'postgres:\/\/[^']+'/)
  const url = /psql '([^']+)'/.exec(printed.stdout)?.[1] ?? ''
  const gone = await run('psql', [url, '-c', 'select'])
  t.not(gone.code, 0)
})

/** psql fills its columns up with blanks, which no document should have at the end of a line. */
function trimLines(text: string): string {
  return text.replace(/ +$/gm, '').trimEnd()
}

function docs(): string[] {
  return readdirSync(join(projectFolder, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`)
}

function codeBlocks(markdown: string): Block[] {
  const fences = [...markdown.matchAll(/^```(\w*)\n(.*?)^```\n(\n```\n(.*?)^```\n)?/gms)]
  return fences
    .filter(([, language]) => language !== '')
    .map(([, language = '', text = '', , output]) => ({ language, text, output }))
}

async function loadFixture(url: string): Promise<void> {
  const client = new pg.Client(url)
  await client.connect()
  await client.query(readFileSync(join(projectFolder, 'test/fixtures/kanthorq-go.sql'), 'utf8'))
  await client.end()
}

/** `npm ci` and `npm test` have run already, or this would not; what is left of the first block is the demo. */
async function runDemo(t: ExecutionContext): Promise<void> {
  const { code, stdout, stderr } = await run('npm', ['run', '--silent', 'demo'])
  t.is(code, 0, stderr)
  t.is(stdout.includes('NotFoundError KQ001'), true, stdout)
  const ci = readFileSync(join(projectFolder, '.ci/run'), 'utf8')
  t.is(/^npm ci$/m.test(ci) && /^npm test$/m.test(ci), true, '.ci/run has to call both')
}

async function runTypeScript(folder: string, file: string, text: string, env: NodeJS.ProcessEnv) {
  writeFileSync(join(folder, file), text)
  const tsc = join(projectFolder, 'node_modules/typescript/bin/tsc')
  const checked = await run(process.execPath, [tsc, '-p', folder], { cwd: folder })
  if (checked.code !== 0) return checked
  const tsx = import.meta.resolve('tsx')
  return run(process.execPath, ['--import', tsx, file], { cwd: folder, env })
}
