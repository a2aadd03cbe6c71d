// The package as it is published: packed, and installed into projects that have nothing else.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { installSql } from 'kanthorq-tasks'
import { extensionFiles } from '../../scripts/extension.ts'
import { codeBlocks } from '../support/code-blocks.ts'
import { connect, useServer } from '../support/empty-database.ts'
import { exercise } from '../support/exercise.ts'
import { emptyProject, pack, shippedExtension, versionOf, type Project } from '../support/packed.ts'
import { projectFolder, runProgram } from '../support/run-program.ts'

const server = useServer(test)
const folder = mkdtempSync(join(tmpdir(), 'kanthorq-packed-'))
const packed = pack(folder)
test.after.always(() => {
  rmSync(folder, { recursive: true })
})

const manifest = JSON.parse(readFileSync(join(projectFolder, 'package.json'), 'utf8')) as {
  version: string
  peerDependencies: { pg: string }
}
const oldest = manifest.peerDependencies.pg.replace(/^\^/, '')
const newest = versionOf('pg')

/** Empty projects in which the package is installed, by the version of pg that they have. */
const projects = new Map<string, Promise<Project>>()

function projectWith(pgVersion: string): Promise<Project> {
  const project =
    projects.get(pgVersion) ?? packed.then((tarball) => emptyProject(tarball, pgVersion))
  projects.set(pgVersion, project)
  return project
}
test.after.always(async () => {
  for (const project of projects.values()) (await project).remove()
})

/** A database that KanthorQ worked in. */
async function kanthorqDatabase(t: ExecutionContext) {
  const { url, client } = await server.emptyDatabase(t)
  const dump = readFileSync(join(projectFolder, 'test/fixtures/kanthorq-go.sql'), 'utf8')
  await client.query(`${dump}; reset search_path`)
  return { url, client }
}

test('publint and "are the types wrong" find nothing wrong with it', async (t) => {
  const args = ['run', '--silent', 'lint:package', '--', await packed]
  const { code, stdout, stderr } = await runProgram('npm', args)
  t.is(code, 0, stdout + stderr)
  t.regex(stdout, /All good!/)
  t.regex(stdout, /node16 \(from ESM\).*🟢 \(ESM\)/)
})

let application: Promise<string> | undefined

/** The README's application, compiled where the package is installed. Its declarations are checked as well as their use. */
async function compileApplication(t: ExecutionContext): Promise<string> {
  const { folder: cwd } = await projectWith(newest)
  const block = codeBlocks('README.md').find(({ text }) => text.includes('new TaskClient('))
  writeFileSync(join(cwd, 'app.ts'), block?.text ?? '')
  const tsc = join(projectFolder, 'node_modules/typescript/bin/tsc')
  const args = [tsc, '-p', '.', '--noEmit', 'false', '--skipLibCheck', 'false']
  const { code, stdout } = await runProgram('node', args, { cwd })
  t.is(code, 0, stdout)
  return readFileSync(join(cwd, 'app.js'), 'utf8')
}

for (const pgVersion of [oldest, newest]) {
  test(`with pg ${pgVersion}, the README's application and the command line work in an empty strict project`, async (t) => {
    const project = await projectWith(pgVersion)
    const { url } = await kanthorqDatabase(t)
    const run = (program: string, ...args: string[]) =>
      runProgram(program, args, { cwd: project.folder, env: { DATABASE_URL: url } })
    t.is((await run('node', '-p', 'require("pg/package.json").version')).stdout, `${pgVersion}\n`)

    const kanthorqTasks = (...args: string[]) => run('npx', '--no', 'kanthorq-tasks', ...args)
    const up = await kanthorqTasks('migrate', 'up')
    t.is(up.code, 0, up.stderr)
    writeFileSync(join(project.folder, 'app.js'), await (application ??= compileApplication(t)))
    t.deepEqual(await run('node', 'app.js'), {
      code: 0,
      stdout: '1 resumed, 0 left alone\n',
      stderr: '',
    })

    const cancel = ['cancel', 'send_email', '--subject', 'order.queued', '--yes', '--json']
    t.is((await kanthorqTasks(...cancel)).code, 0)
    // Number 1 is what the application did.
    const undo = await kanthorqTasks('undo', '2', '--json')
    t.is(undo.code, 0, undo.stderr)
    t.regex(
      undo.stdout,
      /^\{"operation":"2","updated":\["event_\w+","event_\w+","event_\w+"\],"noop":\[\]\}\n$/,
    )
  })
}

test('it is of use from CommonJS as well', async (t) => {
  const { folder: cwd } = await projectWith(newest)
  const script = "console.log(typeof require('kanthorq-tasks').TaskClient)"
  const outcome = await runProgram('node', ['--input-type=commonjs', '--eval', script], { cwd })
  // The first Node.js that can do it warns that this is new.
  t.like(outcome, { code: 0, stdout: 'function\n' })
})

test('it has the plain SQL file and the extension, and the SQL file installs what an operator uses', async (t) => {
  const project = await projectWith(newest)
  const sql = `node_modules/kanthorq-tasks/dist/kanthorq-tasks--${manifest.version}.sql`
  t.is(readFileSync(join(project.folder, sql), 'utf8'), installSql())
  t.like(shippedExtension(project), extensionFiles({ version: manifest.version }))

  const { url, client } = await kanthorqDatabase(t)
  const args = [url, '-X', '-v', 'ON_ERROR_STOP=1', '-f', sql]
  t.like(await runProgram('psql', args, { cwd: project.folder }), { code: 0, stderr: '' })
  const role = await server.role()
  await exercise(t, client, await connect(t, role.into(url)), role.name)
})
