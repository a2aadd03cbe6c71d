// The package in applications: bundled, under test runners, and with the libraries of docs/adapters.md.
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { tsx } from '../../scripts/tsx.ts'
import { databaseOfKanthorq } from '../documents/database-of-kanthorq.ts'
import { codeBlocks } from '../support/code-blocks.ts'
import { readDocument } from '../support/documents.ts'
import { useServer } from '../support/empty-database.ts'
import { pack } from '../support/packed.ts'
import { projectFolder, runProgram } from '../support/run-program.ts'

const server = useServer(test)
const tools = join(projectFolder, 'test/applications')
/** A folder below the tools, with the package as it is published. */
let folder = ''

test.before(async () => {
  if (!existsSync(join(tools, 'node_modules/vitest'))) {
    await run('npm', ['ci', '--ignore-scripts', '--prefer-offline'], tools)
    await run('node', ['install.js'], join(tools, 'node_modules/bun'))
  }
  folder = mkdtempSync(join(tools, 'run-'))
  const to = join(folder, 'node_modules/kanthorq-tasks')
  mkdirSync(to, { recursive: true })
  await run('tar', ['-xzf', await pack(), '-C', to, '--strip-components=1'], folder)
})
test.after.always(() => {
  if (folder !== '') rmSync(folder, { recursive: true, force: true })
})

/** Runs a program that has to succeed; returns its output. */
async function run(program: string, args: string[], cwd: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
  const { code, stdout, stderr } = await runProgram(program, args, { cwd, env })
  if (code !== 0) throw new Error(`${program} ${args.join(' ')}: ${stdout}${stderr}`)
  return stdout
}

const tool = (name: string) => join(tools, 'node_modules/.bin', name)

const clientApplication = `
import pg from 'pg'
import { TaskClient } from 'kanthorq-tasks'
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL })
new TaskClient(pool).cancelAll('send_email', { subject: 'order.queued' }).then(({ updated }) => {
  console.log(updated)
  return pool.end()
})
`
const migratingApplication = `
import { installSql, migrate } from 'kanthorq-tasks/migrate'
const print = (error) => console.log(error.message)
migrate({ database: process.env.DATABASE_URL, log: console.log }).catch(print)
Promise.resolve().then(() => console.log(installSql())).catch(print)
`

for (const [bundler, ending] of [
  ['esbuild', 'mjs'],
  ['esbuild', 'cjs'],
  ['webpack', 'cjs'],
  ['vite', 'mjs'],
  ['rollup', 'mjs'],
  ['bun', 'mjs'],
] as const) {
  test.serial(`bundled by ${bundler} as ${ending}, the client works, and no other migrations are used`, async (t) => {
    // The bundle is where the files of the package would be, beside the migrations of the application.
    const application = join(folder, `${bundler}-${ending}`)
    for (const name of ['src', 'migrations']) mkdirSync(join(application, name), { recursive: true })
    writeFileSync(join(application, 'package.json'), '{ "name": "an-application" }')
    writeFileSync(
      join(application, 'migrations/0001_decoy.sql'),
      'create table decoy ();\n-- Down Migration\ndrop table decoy;\n',
    )
    const bundled = async (name: string, text: string) => {
      const [entry, file] = [join(application, `src/${name}.mjs`), join(application, `dist/install/${name}.${ending}`)]
      writeFileSync(entry, text)
      await run(process.execPath, [join(tools, 'bundle.mjs'), bundler, entry, file], application)
      return file
    }
    const { url, client } = await databaseOfKanthorq(t, server)
    const environment = { DATABASE_URL: url }
    t.is(await run(process.execPath, [await bundled('client', clientApplication)], tmpdir(), environment), '3\n')

    const output = await run(process.execPath, [await bundled('migrate', migratingApplication)], tmpdir(), environment)
    const { rows } = await client.query<{ decoy: string | null }>("select to_regclass('decoy') as decoy")
    t.deepEqual(rows, [{ decoy: null }])
    t.notRegex(output, /decoy/)
    // webpack writes down where the file was, and the package is still there.
    if (bundler === 'webpack') t.regex(output, /^No migrations to run!$/m)
    else t.regex(output, /^(the migrations of kanthorq-tasks are not beside its code: keep .*\n){2}$/)
  })
}

test.serial('Bun runs the client without a bundle', async (t) => {
  const { url } = await databaseOfKanthorq(t, server)
  const file = join(folder, 'bun.mjs')
  writeFileSync(file, clientApplication)
  t.is(await run(tool('bun'), [file], folder, { DATABASE_URL: url }), '3\n')
})

test.serial('the files of docs/testing.md pass under Vitest and Jest', async (t) => {
  const blocks = [...readDocument('docs/testing.md').matchAll(/^```js\n\/\/ (\S+)\n(.*?)^```/gms)]
  t.is(blocks.length, 5)
  for (const [, name = '', text = ''] of blocks) {
    const cwd = join(folder, name.endsWith('.cjs') ? 'jest' : 'vitest')
    mkdirSync(cwd, { recursive: true })
    writeFileSync(join(cwd, name), text)
    writeFileSync(join(cwd, 'package.json'), JSON.stringify({ type: name.endsWith('.cjs') ? 'commonjs' : 'module' }))
  }
  const vitest = await runProgram(tool('vitest'), ['run'], { cwd: join(folder, 'vitest'), env: { NO_COLOR: '1' } })
  t.regex(vitest.stdout, /Tests +3 passed \(3\)/, vitest.stdout + vitest.stderr)
  const jest = await runProgram(tool('jest'), ['--rootDir', '.'], { cwd: join(folder, 'jest') })
  t.regex(jest.stderr, /Tests: +2 passed, 2 total/, jest.stderr)
})

const adapters = codeBlocks('docs/adapters.md').map(({ text }) => ({
  library: /from '([^']+)'/.exec(text)?.[1] ?? '',
  text,
}))
let expected = ''

test.serial('the adapters of docs/adapters.md type-check', async (t) => {
  t.is(adapters.length, 9)
  for (const name of ['check.mjs', 'relay.mjs', 'schema.prisma']) cpSync(join(tools, name), join(folder, name))
  // The generator has all that it needs, but would fetch a program for migrations.
  const environment = { PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, CHECKPOINT_DISABLE: '1' }
  await run(tool('prisma'), ['generate', '--schema', 'schema.prisma'], folder, environment)
  for (const [index, { text }] of adapters.entries()) writeFileSync(join(folder, `adapter-${index}.ts`), text)
  const types = { module: 'NodeNext', target: 'ES2023', types: ['node'], strict: true, noEmit: true, skipLibCheck: true }
  const compilerOptions = { ...types, allowImportingTsExtensions: true, exactOptionalPropertyTypes: true }
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['adapter-*.ts'] }))
  const tsc = join(projectFolder, 'node_modules/typescript/bin/tsc')
  const { code, stdout } = await runProgram(process.execPath, [tsc, '-p', folder], { cwd: folder })
  t.is(code, 0, stdout)
})

for (const [index, { library, text }] of adapters.entries()) {
  test.serial(
    `the adapter of ${library} cancels in a transaction, finds what node-postgres finds, and gives our errors`,
    async (t) => {
      const { url } = await databaseOfKanthorq(t, server)
      const checked = text.replace(/^.*await tasks\.cancel\(.*\n/m, (line) => `${line}await check(tasks)\n`)
      writeFileSync(join(folder, `check-${index}.ts`), `import { check } from './check.mjs'\n${checked}`)
      const failing = text.replace("tasks.cancel('send_email'", "tasks.cancel('nobody'")
      writeFileSync(join(folder, `failing-${index}.ts`), failing)
      const start = library.includes('neon') ? "await import('./relay.mjs')\n" : ''
      const program = `${start}await import('./check-${index}.ts')
      await import('./failing-${index}.ts').catch(({ name, code, message }) => console.log(name, code, message))
      process.exit(0)`
      writeFileSync(join(folder, `run-${index}.mjs`), program)
      const output = await run(process.execPath, ['--import', tsx, `run-${index}.mjs`], folder, { DATABASE_URL: url })
      const [found = '', error] = output.split('\n')
      if (index === 0) expected = found
      t.true(expected.length > 1000, expected)
      t.is(found, library.includes('pglite') ? '[[],[],[],null,null]' : expected)
      t.regex(error ?? '', /^NotFoundError KQ001 there is no consumer 'nobody'\. The consumers are /)
    },
  )
}
