// npm run lint: checks the SQL files; with --write it repairs layout and case.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse, SqlError } from 'libpg-query'
import { lineOfPosition } from './source-lines.ts'

/** Only functions survive the formatter as they are written. */
const formattedFolder = 'db/functions'

/**
 * Checks the SQL files of a project.
 *
 * @param root - its folder
 * @param write - repair layout and case first
 * @returns how many files there are, and what is wrong in them, by place
 * @throws Error when the formatter does not run
 */
export async function lintSql(root: string, write = false) {
  const files = ['db', 'examples', 'migrations'].flatMap((folder) => sqlFiles(root, folder))
  const formatted = format(root)
  const findings: string[] = []
  for (const file of files) {
    const text = readFileSync(join(root, file), 'utf8')
    const expected = inLowerCase(formatted.get(file) ?? text)
    if (write) writeFileSync(join(root, file), expected)
    const sql = write ? expected : text
    const find = (line: number, message: string) => findings.push(`${file}:${line}  ${message}`)

    const different = sql.split('\n').findIndex((line, n) => line !== expected.split('\n')[n])
    if (sql !== expected) find(different + 1, 'layout or upper case: npm run format repairs it')
    const strange = /^(db\/tests|examples)\//.test(file) ? -1 : sql.search(/[^\n -~]/)
    if (strange >= 0) find(sql.slice(0, strange).split('\n').length, 'not plain ASCII')
    // Examples hold commands of psql.
    const error = file.startsWith('examples/') ? undefined : await syntaxError(sql)
    if (error) find(...error)
  }
  return { files: files.length, findings }
}

/** Paths from the root. */
function sqlFiles(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.sql'))
    .map((file) => join(folder, file))
    .sort()
}

/**
 * All words in lower case, but for comments, strings, quoted names, commands of psql, and placeholders of format(): the
 * formatter leaves the bodies of functions alone, and writes some words in capitals itself.
 */
function inLowerCase(sql: string): string {
  const kept = /--.*|'(?:[^']|'')*'|"[^"]*"|^\\.*|%(?:\d+\$)?[IL]|\w*[A-Z]\w*/gm
  return sql.replace(kept, (text) => (/^\w/.test(text) ? text.toLowerCase() : text))
}

async function syntaxError(sql: string): Promise<[line: number, message: string] | undefined> {
  try {
    if (sql.trim() !== '') await parse(sql)
    return undefined
  } catch (error) {
    if (!(error instanceof SqlError)) throw error
    return [lineOfPosition(sql, (error.sqlDetails?.cursorPosition ?? 0) + 1), error.message]
  }
}

/** The formatter's version of each file. It can only rewrite files, so it works on a copy. */
function format(root: string): Map<string, string> {
  const copy = mkdtempSync(join(tmpdir(), 'lint-sql-'))
  cpSync(join(root, formattedFolder), join(copy, formattedFolder), { recursive: true })
  const require = createRequire(import.meta.url)
  const program = require.resolve('@postgrestools/postgrestools/bin/postgrestools')
  const config = fileURLToPath(new URL('../postgrestools.jsonc', import.meta.url))
  const args = ['format', '--write', '--disable-db', `--config-path=${config}`, copy]
  const options = { encoding: 'utf8' } as const
  const { stdout, stderr } = spawnSync(process.execPath, [program, ...args], options)
  // Its exit code does not tell: it is not 0 either when there is a statement that it leaves as it is.
  if (!/^Processed \d+ file/m.test(stdout + stderr))
    throw new Error(`the SQL formatter does not run; npm ci installs it\n${stdout}${stderr}`)
  const texts = sqlFiles(copy, formattedFolder)
    .map((file) => [file, readFileSync(join(copy, file), 'utf8')] as const)
    // It adds a semicolon to an SQL-standard body each time.
    .filter(([, text]) => !/^language sql$/m.test(text) || /^as \$/m.test(text))
  rmSync(copy, { recursive: true })
  return new Map(texts)
}

if (process.argv[1] === import.meta.filename) {
  void lintSql(process.cwd(), process.argv.includes('--write')).then(({ files, findings }) => {
    for (const finding of findings) console.error(finding)
    if (findings.length === 0) console.log(`${files} SQL files clean`)
    else process.exitCode = 1
  })
}
