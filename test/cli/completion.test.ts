// What the Tab key offers, and that it evaluates nothing.
import { existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { commandLine, kanthorqTasks } from '../support/command-line.ts'
import { useDatabase } from '../support/database.ts'
import { runProgram } from '../support/run-program.ts'
import { makeConsumer } from '../support/scene.ts'

const db = useDatabase(test)
const nowhere = 'postgres://nobody@127.0.0.1:1/nowhere'

/** The words that are offered for the last of these. */
async function offered(words: string[], url = nowhere): Promise<string[]> {
  const { code, stdout, stderr } = await kanthorqTasks(['complete', '--', ...words], { env: { DATABASE_URL: url } })
  if (code !== 0 || stderr !== '') throw new Error(stderr)
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => line.replace(/\t.*$/, ''))
}

const cases: [words: string[], ...expected: string[]][] = [
  [['re'], 'resume', 'release', 'revoke'],
  [['migrate', ''], 'up', 'down', 'status', 'sql'],
  [['migrate', 'up', '--u'], '--url'],
  [['--schema', 'queue', 'disc'], 'discard'],
  [['resume', '--sp'], '--spread'],
  [['cancel', 'send_email', '--state', ''], 'pending', 'available', 'retryable', 'running'],
  [['cancel', 'send_email', '--state', 'pending,'], 'pending,available', 'pending,retryable', 'pending,running'],
  [['cancel', 'send_email', '--state', 'pending,av'], 'pending,available'],
  [['cancel', 'send_email', '--state=pending,av'], '--state=pending,available'],
  // Bash makes words of = and :
  [['cancel', 'send_email', '--state', '=', 'pend'], 'pending'],
  [['cancel', 'send_email', '--state', '='], 'pending', 'available', 'retryable', 'running'],
  [['--url', 'postgres', ':', '//h/db', 'migrate', 'd'], 'down'],
  [['log', '--action', 'r'], 'resume', 'release'],
  [['grant', 'support', ''], 'viewer', 'operator', 'worker', 'publisher'],
  [['completion', ''], 'bash', 'zsh', 'fish'],
  [['cancel', 'send_email', '--reason', '']],
  [['find', '']],
]

for (const [words, ...expected] of cases) {
  test(`completion of "${words.join(' ')}" offers ${expected.join(', ') || 'nothing'}`, async (t) => {
    t.deepEqual(await offered(words), expected)
  })
}

test('completion offers the names of consumers, but none that a shell could evaluate', async (t) => {
  await makeConsumer(db, 'send_email')
  await makeConsumer(db, 'send_sms')
  await db.owner.query("select test.consumer('evil'), test.consumer('blank')")
  for (const [name, as] of [
    ['evil', '$(touch evil)'],
    ['blank', 'a b'],
  ])
    await db.owner.query('update kanthorq_consumer_registry set name = $2 where name = $1', [name, as])
  t.deepEqual(await offered(['find', ''], db.url), ['send_email', 'send_sms'])
  t.deepEqual(await offered(['cancel', 'send_s'], db.url), ['send_sms'])
  t.deepEqual(await offered(['find', 'send_email', ''], db.url), [])
  t.deepEqual(await offered(['--url', db.url, 'log', 'send_e']), ['send_email'])
})

for (const shell of ['bash', 'zsh'] as const) {
  test(`Tab evaluates nothing that is typed, and the script can be sourced twice, in ${shell}`, async (t) => {
    if ((await runProgram('sh', ['-c', `command -v ${shell}`])).code !== 0) {
      t.log(`not tested: there is no ${shell}`)
      t.pass()
      return
    }
    const folder = folderWithCommand(t)
    const script = (await kanthorqTasks(['completion', shell])).stdout
    writeFileSync(join(folder, 'script'), script)
    for (const word of [
      '$(touch F)',
      '`touch F`',
      '"$(touch F)"',
      '>F',
      ';touch F',
      '$(touch F) --st',
      '<(touch F)',
      '${x:=$(touch F)}',
    ])
      writeFileSync(join(folder, 'typed'), `${word}\n`, { flag: 'a' })
    // What the shell does at Tab: the words as they are typed, unevaluated, and a call of the function.
    const press = {
      bash: `COMP_WORDS=(kanthorq-tasks cancel "$word" --state ''); COMP_CWORD=4; _kanthorq_tasks; echo "\${COMPREPLY[*]}"`,
      zsh: `words=(kanthorq-tasks cancel "$word" --state ''); CURRENT=5; _kanthorq_tasks`,
    }
    const before = {
      bash: 'set -u',
      zsh: `compadd() { shift; print -r -- "$*" }; compdef() { : }`,
    }
    const { code, stdout, stderr } = await runProgram(shell, shell === 'bash' ? ['--norc'] : ['-f'], {
      cwd: folder,
      env: { PATH: `${folder}:${process.env['PATH'] ?? ''}`, DATABASE_URL: nowhere },
      input: `${before[shell]}\nsource ./script\nsource ./script\nwhile IFS= read -r word; do\n${press[shell]}\ndone < typed\n`,
    })
    t.deepEqual([code, stderr], [0, ''])
    t.is(stdout, 'pending available retryable running\n'.repeat(8))
    t.false(existsSync(join(folder, 'F')))
  })
}

/** A folder with the command in it, which goes when the test ends. */
function folderWithCommand(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'kanthorq-completion-'))
  t.teardown(() => {
    rmSync(folder, { recursive: true })
  })
  const [node, main = ''] = commandLine([])
  writeFileSync(join(folder, 'kanthorq-tasks'), `#!/bin/sh\nexec '${node}' '${main}' "$@"\n`, { mode: 0o755 })
  symlinkSync(node, join(folder, 'node'))
  return folder
}
