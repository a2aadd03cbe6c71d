// The package as it is published: packed, and installed into projects that have nothing else.
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { extensionFiles } from '../../scripts/extension.ts'
import { installFile } from '../../src/install/install-sql.ts'
import { codeBlocks } from '../support/code-blocks.ts'
import { connect, useServer } from '../support/empty-database.ts'
import { exercise } from '../support/exercise.ts'
import { dump } from '../support/kanthorq-dump.ts'
import { emptyProject, shippedExtension, versionOf, type Project } from '../support/packed.ts'
import { projectFolder, runProgram } from '../support/run-program.ts'

const server = useServer(test)
const manifest = JSON.parse(readFileSync(join(projectFolder, 'package.json'), 'utf8')) as {
  version: string
  peerDependencies: { pg: string }
}
const [oldest, newest] = [manifest.peerDependencies.pg.replace(/^\^/, ''), versionOf('pg')]

/** Empty projects in which the package is installed, by the version of pg that they have. */
const projects = new Map<string, Project>()
let newestProject: Project
test.before(async () => {
  newestProject = await emptyProject()
  projects.set(newest, newestProject)
  projects.set(oldest, await emptyProject(oldest))
})
test.after.always(() => {
  for (const project of projects.values()) project.remove()
})

/** A database that KanthorQ worked in. */
async function kanthorqDatabase(t: ExecutionContext) {
  const { url, client } = await server.emptyDatabase(t)
  await client.query(`${dump}; reset search_path`)
  return { url, client }
}

for (const [linter, ...args] of [
  ['publint', 'run', '--strict'],
  // The migrations are an ES module only. From CommonJS that takes `require` of an ES module, which every supported Node.js has but
  // this linter does not count on.
  ['attw', '--ignore-rules=cjs-resolves-to-esm'],
] as const) {
  test(`${linter} finds nothing wrong with it`, async (t) => {
    const all = ['--no', '--', linter, ...args, newestProject.tarball]
    const { code, stdout, stderr } = await runProgram('npx', all)
    t.is(code, 0, stdout + stderr)
    t.regex(stdout, linter === 'attw' ? /No problems found/ : /All good!/)
  })
}

let application: Promise<string> | undefined

/** The README's application, compiled where the package is installed. Its declarations are checked as well as their use. */
async function compileApplication(t: ExecutionContext): Promise<string> {
  const { folder: cwd } = newestProject
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
    const cwd = projects.get(pgVersion)?.folder ?? ''
    const { url } = await kanthorqDatabase(t)
    const run = (program: string, ...args: string[]) => runProgram(program, args, { cwd, env: { DATABASE_URL: url } })
    t.is((await run('node', '-p', 'require("pg/package.json").version')).stdout, `${pgVersion}\n`)

    const kanthorqTasks = (...args: string[]) => run('npx', '--no', 'kanthorq-tasks', ...args)
    const up = await kanthorqTasks('migrate', 'up')
    t.is(up.code, 0, up.stderr)
    writeFileSync(join(cwd, 'app.js'), await (application ??= compileApplication(t)))
    t.deepEqual(await run('node', 'app.js'), {
      code: 0,
      stdout: '1 resumed, 0 left alone\n',
      stderr: '',
    })

    const cancel = ['cancel', 'send_email', '--subject', 'order.queued', '--yes', '--json']
    t.is((await kanthorqTasks(...cancel)).code, 0)
    // Number 1 is what the application did.
    const undo = await kanthorqTasks('undo', '2', '--yes', '--json')
    t.is(undo.code, 0, undo.stderr)
    t.regex(undo.stdout, /^\{"operation":"2","updated":\["\w+","\w+","\w+"\],"noop":\[\]\}\n$/)

    t.false(existsSync(join(cwd, 'node_modules/@opentelemetry')), 'a worker does without')
    const work = await kanthorqTasks('work', 'send_email', '--drain', '--', 'true')
    t.is(work.code, 0, work.stderr)
  })
}

test('at import it loads and reads nothing but itself, and what is missing is named in one sentence', async (t) => {
  const cwd = mkdtempSync(join(tmpdir(), 'kanthorq-alone-'))
  t.teardown(() => {
    rmSync(cwd, { recursive: true })
  })
  // Neither pg nor node-pg-migrate, nor the migrations.
  const installed = 'node_modules/kanthorq-tasks'
  for (const part of ['dist', 'package.json'])
    cpSync(join(newestProject.folder, installed, part), join(cwd, installed, part), { recursive: true })
  const evaluate = (script: string) => runProgram('node', ['--input-type=module', '--eval', script], { cwd })
  const imported =
    "const { TaskClient } = await import('kanthorq-tasks'); await import('kanthorq-tasks/migrate'); await import('kanthorq-tasks/worker');"
  const listed = 'console.log(typeof TaskClient)'
  t.deepEqual(await evaluate(imported + listed), { code: 0, stdout: 'function\n', stderr: '' })

  const migrate = "const { migrate } = await import('kanthorq-tasks/migrate');"
  const failed = `${migrate} await migrate({ database: 'postgres://none' }).catch(({ message }) => console.log(message))`
  t.is((await evaluate(failed)).stdout, 'kanthorq-tasks needs the package pg to migrate: npm install pg\n')
})

test('it is of use from CommonJS as well, as the same classes', async (t) => {
  const script = `import('kanthorq-tasks').then(({ TaskClient }) => {
    console.log(typeof TaskClient, TaskClient === require('kanthorq-tasks').TaskClient)
  })`
  const args = ['--input-type=commonjs', '--eval', script]
  const outcome = await runProgram('node', args, { cwd: newestProject.folder })
  // The first Node.js that can do it warns that this is new.
  t.like(outcome, { code: 0, stdout: 'function true\n' })
})

test('it has the plain SQL file and the extension, and the SQL file installs what an operator uses', async (t) => {
  const { folder: cwd } = newestProject
  const sql = `node_modules/kanthorq-tasks/dist/kanthorq-tasks--${manifest.version}.sql`
  t.is(readFileSync(join(cwd, sql), 'utf8'), installFile())
  t.like(shippedExtension(newestProject), extensionFiles({ version: manifest.version }))

  const { url, client } = await kanthorqDatabase(t)
  const args = [url, '-X', '-v', 'ON_ERROR_STOP=1', '-f', sql]
  t.like(await runProgram('psql', args, { cwd }), { code: 0, stderr: '' })
  const role = await server.role()
  await exercise(t, client, await connect(t, role.into(url)), role.name)
})
