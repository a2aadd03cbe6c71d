// The blocks of README.md, word for word and in their order, in a fresh clone and on a server of its own.
import { spawn } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { codeBlocks, comparable } from '../support/code-blocks.ts'
import { projectFolder, runProgram } from '../support/run-program.ts'
import { runOnTerminal } from '../support/terminal.ts'

const demo = 'npm ci && npm run demo\n'
const startDatabase = 'npm run db\n'
/** The time zone of the documents; no server but those that the blocks start. */
const ownServer = { TZ: 'UTC', DATABASE_URL: undefined, KANTHORQ_RUN: undefined }

let folder = ''
test.before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kanthorq-clone-'))
  await clone()
  shareNpm()
})
test.after.always(() => {
  rmSync(folder, { recursive: true, force: true })
})

test('the blocks of README.md run in a fresh clone, and print what it shows', async (t) => {
  // It builds, and starts two servers.
  t.timeout(300_000)
  const cwd = join(folder, 'clone')
  const env: NodeJS.ProcessEnv = {
    ...ownServer,
    npm_config_loglevel: 'error',
    npm_config_progress: 'false',
    // One that has never seen the command.
    npm_config_cache: join(folder, 'npm-cache'),
    // Nor one that npm finds in the project that runs this.
    PATH: [
      join(folder, 'bin'),
      ...(process.env['PATH'] ?? '').split(delimiter).filter((path) => !/node_modules.\.bin$/.test(path)),
    ].join(delimiter),
  }
  // Where nothing is built, npx doesn't find the command, and keeps that in its cache.
  cpSync(join(folder, 'shared'), join(cwd, 'node_modules'), { recursive: true, verbatimSymlinks: true })
  const unbuilt = { cwd, env: { ...env, npm_config_ignore_scripts: 'true' } }
  const early = await runProgram('npx', ['kanthorq-tasks', '--version'], unbuilt)
  t.is(early.code, 127, early.stderr)
  rmSync(join(cwd, 'node_modules'), { recursive: true })

  let exported = ''
  for (const { language, text, output } of codeBlocks('README.md')) {
    if (text === startDatabase) {
      exported = await startDb(t, cwd, env)
      continue
    }
    if (text === demo) t.truthy(output)
    const screen = text === demo ? await runDemo(t, cwd, env) : await runBlock(t, { language, text: exported + text }, cwd, env)
    if (output !== undefined) t.is(comparable(screen), comparable(output))
  }
})

async function runBlock(t: ExecutionContext, block: { language: string; text: string }, cwd: string, env: NodeJS.ProcessEnv) {
  const [exported = '', ...rest] = block.text.split(/(?<=^export .*\n)/)
  const text = rest.join('')
  const scripts: Record<string, string> = {
    sh: text,
    sql: `psql "$DATABASE_URL" -X -v ON_ERROR_STOP=1 -P footer=off <<'END'\n${text}END`,
    ts: 'npx tsx try.ts',
  }
  if (block.language === 'ts') writeFileSync(join(cwd, 'try.ts'), text)
  const script = `exec 2>&1\n${exported}${scripts[block.language] ?? 'exit 2'}`
  const { code, stdout } = await runProgram('bash', ['-euo', 'pipefail', '-c', script], { cwd, env })
  t.is(code, 0, `${text}\n${stdout}`)
  return stdout
}

/** Installs, and runs the demo on a terminal. */
async function runDemo(t: ExecutionContext, cwd: string, env: NodeJS.ProcessEnv): Promise<string> {
  const terminal = runOnTerminal(t, ['bash', '-c', demo], { cwd, env })
  const { code, raw, screen } = await terminal.end(4)
  t.is(code, 0, screen)
  // npm names its scripts first.
  const [story = ''] = /^\$ [^]*/m.exec(screen) ?? []
  // A line that is redrawn stays as it was last.
  const lines = story
    .trimEnd()
    .split(/\r?\n/)
    .map((line) => line.split('\r').at(-1) ?? '')
  t.true(lines.length < 30, `${lines.length} lines`)
  t.deepEqual(
    lines.filter((line) => line.length > 80),
    [],
  )
  for (const colour of ['\x1b[31mdiscarded', '\x1b[1mEVENT ID']) t.true(raw.includes(colour), colour)
  return lines.join('\n')
}

/** Starts the database; returns the line that it prints to be pasted. */
async function startDb(t: ExecutionContext, cwd: string, env: NodeJS.ProcessEnv): Promise<string> {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(PG|DATABASE_URL$|KANTHORQ_)/.test(name))
  const db = spawn('npm', ['run', 'db'], { cwd, env: { ...Object.fromEntries(inherited), ...env }, detached: true })
  const closed = new Promise((resolve) => db.once('close', resolve))
  t.teardown(async () => {
    // npm and what it started, as Ctrl-C does.
    if (db.pid !== undefined) process.kill(-db.pid, 'SIGINT')
    await closed
  })
  let printed = ''
  for await (const chunk of db.stdout) {
    printed += String(chunk)
    if (printed.includes('Ctrl-C')) break
  }
  const [line] = /^ *export DATABASE_URL='postgres:.*'\n/m.exec(printed) ?? []
  t.truthy(line, printed)
  return line?.trimStart() ?? ''
}

/** Clones what git knows of the project, with the changes that are not committed yet. */
async function clone(): Promise<void> {
  const git = async (...args: string[]) => {
    const { code, stdout, stderr } = await runProgram('git', args)
    if (code !== 0) throw new Error(`git ${args.join(' ')} failed: ${stderr}`)
    return stdout.trim()
  }
  const to = join(folder, 'clone')
  const name = ['-c', 'user.name=test', '-c', 'user.email=test@localhost']
  const commit = (await git(...name, 'stash', 'create')) || 'HEAD'
  await git('clone', '--quiet', '--shared', '--no-checkout', projectFolder, to)
  await git('-C', to, 'checkout', '--quiet', '--detach', await git('rev-parse', commit))
}

/** An npm for which `npm ci` takes the packages of this project, and then builds, as it does with those that it fetches. */
function shareNpm(): void {
  const bin = join(folder, 'bin')
  const shared = join(folder, 'shared')
  const here = join(projectFolder, 'node_modules')
  mkdirSync(bin)
  mkdirSync(shared)
  const links = readdirSync(here).filter((name) => !name.startsWith('.'))
  for (const name of links) symlinkSync(join(here, name), join(shared, name))
  cpSync(join(here, '.bin'), join(shared, '.bin'), { recursive: true, verbatimSymlinks: true })
  rmSync(join(shared, '.bin/kanthorq-tasks'), { force: true })
  const script = `#!/bin/bash
PATH=\${PATH#*:}
[ "$*" = ci ] || exec npm "$@"
cp -a '${shared}' node_modules
exec npm run prepare
`
  writeFileSync(join(bin, 'npm'), script)
  chmodSync(join(bin, 'npm'), 0o755)
}
