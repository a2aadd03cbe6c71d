// Help, completion, and invalid command lines: everything before the program connects.
import { readFileSync } from 'node:fs'
import test from 'ava'
import { buildSync } from 'esbuild'
import { exitCodeOf, explainError } from '../../src/cli/errors.ts'
import { examplesOf, fullName, leavesOf } from '../../src/cli/help.ts'
import { makeProgram } from '../../src/cli/program.ts'
import { kanthorqTasks } from '../support/command-line.ts'
import { projectFolder } from '../support/run-program.ts'
import { outcome, runOn } from './run.ts'

// A port without a server: connecting fails with another exit code than 2.
const run = runOn({ url: 'postgres://nobody@127.0.0.1:1/nowhere' })

test('every command has an example, and its help ends with it', async (t) => {
  const commands = leavesOf(makeProgram())
  t.true(commands.length > 10)
  for (const command of commands) t.true(examplesOf(command).length > 0, fullName(command))

  const { code, stdout, stderr } = await run('find --help')
  t.deepEqual([code, stderr], [0, ''])
  t.regex(stdout, /^Usage: kanthorq-tasks find \[options\] <consumer>\n/)
  t.regex(stdout, /\nConnection:\n {2}--url <url> /)
  t.regex(stdout, /\nExamples:\n( {2}# .+\n {2}kanthorq-tasks find .+\n\n?)+$/)
  t.is((await run('help find')).stdout, stdout)
})

test('without a command it prints the help on standard error, and ends with 2', async (t) => {
  for (const args of [[], ['migrate']]) {
    const help = await kanthorqTasks([...args, '--help'])
    t.like(help, { code: 0, stderr: '' })
    t.regex(help.stdout, /^Usage: kanthorq-tasks .*\n(.*\n)+Commands:\n/)
    t.deepEqual(await kanthorqTasks(args), outcome(2, '', help.stdout))
  }
})

test('--version prints the version of the package', async (t) => {
  const { version } = JSON.parse(readFileSync(`${projectFolder}package.json`, 'utf8')) as {
    version: string
  }
  t.deepEqual(await run('--version'), outcome(0, `${version}\n`))
})

const refused: [line: string, sentence: RegExp][] = [
  ['cancle send_email', /^unknown command 'cancle' \(Did you mean cancel\?\)$/],
  ['up', /^unknown command 'up': kanthorq-tasks --help lists all commands$/],
  ['retry a', /^unknown command 'retry' \(Did you mean kanthorq-tasks resume\?\)$/],
  ['list', /\(Did you mean kanthorq-tasks find CONSUMER\?\)$/],
  ['inspect a', /\(Did you mean kanthorq-tasks explain CONSUMER ID\?\)$/],
  ['constructor', /^unknown command 'constructor': kanthorq-tasks --help lists all commands$/],
  ['migrate sideways', /^unknown command 'sideways'/],
  ['migrate up now', /^too many arguments for 'up'/],
  ['migrate up --force', /^unknown option '--force'$/],
  ['migrate up --schema', /^option '--schema <name>' argument missing$/],
  ['find', /^missing required argument 'consumer'$/],
  ['stats a b', /^too many arguments for 'stats'/],
  ['find a --stat running', /^unknown option '--stat' \(Did you mean .*--state/],
  ['find a --state busy', /"busy" is none of pending, available, running, retryable/],
  ['cancel a --state running -y', /^--state running requires --running/],
  ['find a --limit 0', /Write a whole number, at least 1\.$/],
  ['find a --limit 3 --all', /'--limit <n>' cannot be used with option '--all'/],
  ['find a --count --ids', /^option '--count' cannot be used with option '--ids'$/],
  ['find a --json --ids', /^--ids cannot be combined with --json/],
  ['find a --subject ', /It is empty: omit the option instead\.$/],
  ['find a --metadata [1]', /Write customer=42, or a JSON object/],
  ['find a --metadata {"a"', /Write customer=42, or a JSON object/],
  ['find a --created-after yesterday', /Write 2026-01-31, .* or a duration before now: 90s/],
  ['find a --created-before 2026-01-31T25:00', /Write 2026-01-31/],
  ['find a --created-before 2026-02-31', /Write 2026-01-31/],
  ['find a --json --csv', /^option '--json' cannot be used with option '--csv'$/],
  ['find a --since 2:5', /Write 2026-01-31/],
  ['errors --until 24:00', /Write 2026-01-31/],
  ['find a --since 1h --until 2h', /^--since is 2.*, which is not before --until, 2/],
  ['cancel a --created-after 1h --created-before 2h -n', /^--created-after is 2.*, which is not before --created-before, 2/],
  ['errors a --newest 0', /Write a whole number, at least 1\.$/],
  ['find a --created-after 999999999w', /It leads beyond the years 1 to 9999\.$/],
  ['find a --created-before 1000000w', /It leads beyond the years 1 to 9999\.$/],
  ['find a --created-before 0000-01-01', /Write 2026-01-31/],
  ['resume a b --schedule-at 99999999999w', /It leads beyond the years 1 to 9999\.$/],
  ['resume a b --schedule-at 99999999999999999999d', /It leads beyond the years 1 to 9999\.$/],
  ['resume a --everything -y --spread 5201w', /It may be 5200w at most\.$/],
  ['cancel a --everything -y --pause 30d', /It may be 1d at most\.$/],
  ['undo 1 -y --pause 86400001ms', /It may be 1d at most\.$/],
  ['cancel a --everything -y --batch-size 2147483648', /Write a whole number, at most 2147483647\.$/],
  ['cancel a --everything -y --limit 9007199254740993', /Write a whole number, at most 9007199254740991\.$/],
  ['find a --limit 99999999999999999999', /Write a whole number, at most 9007199254740991\.$/],
  ['undo 9223372036854775808 -y', /is not an operation id/],
  ['cancel * --everything -y --limit 3', /^--limit cannot be combined with '\*'/],
  ['cancel * b', /^'\*' requires a filter/],
  ['resume a --schedule-at soon b', /or a duration from now: 90s/],
  ['cancel a --pause 1fortnight -y --everything', /Write a duration such as 500ms/],
  ['cancel a b --subject c -y', /^ids and a filter cannot be combined: omit one of the two$/],
  ['cancel a b -', /^"-" stands for standard input/],
  ['cancel a b --limit 2', /^--limit requires a filter/],
  ['resume a b --spread 2h --pause 1s', /^--pause and --spread requires? a filter/],
  ['cancel a --metadata {} -y', /It is empty: omit the option instead\.$/],
  ['cancel a --subject b', /^there is no terminal to ask on: pass --yes .* or --dry-run/],
  ['discard a --everything', /^there is no terminal to ask on/],
  ['log --action delete', /Allowed choices are cancel, resume, discard, undo, purge, purge events, hold, release\.$/],
  ['undo all', /^"all" is not an operation id: .* "kanthorq-tasks log" shows$/],
  ['undo --bulk 1 2', /^--bulk cannot be combined with operation ids$/],
  ['undo 1', /^there is no terminal to ask on/],
  ['undo --last 1', /^--last cannot be combined with operation ids$/],
  ['grant support admin', /Allowed choices are viewer, operator, worker, publisher\.$/],
  ['migrate sql --json', /^--json cannot be combined with migrate sql/],
  ['migrate sql --schema queue', /^--schema cannot be combined with migrate sql/],
  ['completion tcsh', /Allowed choices are bash, zsh, fish\.$/],
]

// In this process, because there are many of them: what main.ts does with an error, the tests above and others show.
for (const [line, sentence] of refused) {
  test(`"${line}" is refused in one line, with exit code 2`, async (t) => {
    const error = await t.throwsAsync(makeProgram().parseAsync(line.split(' '), { from: 'user' }), { any: true })
    t.is(exitCodeOf(error), 2)
    const [text = '', ...more] = explainError(error)
    t.regex(text, sentence)
    t.deepEqual(more, [])
  })
}

test('a refused command line prints nothing but the sentence', async (t) => {
  t.deepEqual(await run('migrate up --force'), outcome(2, '', "unknown option '--force'\n"))
})

test('the library does not load packages of the command line or of migrations', (t) => {
  t.true(importedBy('src/cli/main.ts').includes('commander'))
  t.deepEqual(
    importedBy('src/index.ts').filter((path) => !/^src\/(index|client\/)/.test(path)),
    [],
  )
})

/** The files of the project, and the packages, that load with a file. */
function importedBy(file: string): string[] {
  const { metafile } = buildSync({
    absWorkingDir: projectFolder,
    entryPoints: [file],
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    metafile: true,
    write: false,
  })
  const found = new Set([file])
  for (const path of found) {
    for (const { path: next, kind } of metafile.inputs[path]?.imports ?? []) if (kind === 'import-statement') found.add(next)
  }
  return [...found].filter((path) => !path.startsWith('node:'))
}
