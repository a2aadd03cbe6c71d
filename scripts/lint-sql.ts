// npm run lint: checks the SQL files; with --write it repairs layout and case.
import { execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse, SqlError } from 'libpg-query'
import { lineOfPosition } from './pg-tap/source-lines.ts'

/** The checks of each folder or file. `layout` is the formatter's: only functions survive it as they are written. */
const checks = [
  { path: 'db/functions', layout: true, lowerCase: true, syntax: true, ascii: true },
  { path: 'db/tables.sql', layout: false, lowerCase: true, syntax: true, ascii: true },
  { path: 'db/tests', layout: false, lowerCase: true, syntax: true, ascii: false },
  { path: 'migrations', layout: false, lowerCase: false, syntax: true, ascii: true },
  { path: 'examples', layout: false, lowerCase: true, syntax: false, ascii: false },
]

/**
 * Checks the SQL files of a project.
 *
 * @param root - its folder
 * @param write - repair layout and case first
 * @returns how many files there are, and what is wrong in them, by place
 * @throws Error when the formatter does not run
 */
export async function lintSql(root: string, write = false) {
  let files = 0
  const findings: string[] = []
  for (const { path, layout, lowerCase, syntax, ascii } of checks) {
    const formatted = layout ? format(join(root, path)) : new Map<string, string>()
    for (const file of sqlFiles(join(root, path))) {
      files += 1
      const text = readFileSync(file, 'utf8')
      // The formatter adds a semicolon to an SQL-standard body each time.
      const isStandard = /^language sql$/m.test(text) && !/^as \$/m.test(text)
      const wanted = (isStandard ? undefined : formatted.get(file)) ?? text
      const expected = lowerCase ? inLowerCase(wanted) : wanted
      if (write) writeFileSync(file, expected)
      const sql = write ? expected : text
      const find = (line: number, message: string) =>
        findings.push(`${file.slice(root.length + 1)}:${line}  ${message}`)

      const different = sql.split('\n').findIndex((line, n) => line !== expected.split('\n')[n])
      if (sql !== expected) find(different + 1, 'layout or upper case: npm run format repairs it')
      const strange = ascii ? sql.search(/[^\n -~]/) : -1
      if (strange >= 0) find(sql.slice(0, strange).split('\n').length, 'not plain ASCII')
      const error = syntax && sql.trim() !== '' ? await syntaxError(sql) : undefined
      if (error) find(...error)
    }
  }
  return { files, findings }
}

function sqlFiles(path: string): string[] {
  if (!existsSync(path)) return []
  if (!statSync(path).isDirectory()) return [path]
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.sql'))
    .map((file) => join(path, file))
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
    await parse(sql)
    return undefined
  } catch (error) {
    if (!(error instanceof SqlError)) throw error
    return [lineOfPosition(sql, (error.sqlDetails?.cursorPosition ?? 0) + 1), error.message]
  }
}

/** The formatter's version of each file. It can only rewrite files, so it works on a copy. */
function format(path: string): Map<string, string> {
  const files = sqlFiles(path)
  if (files.length === 0) return new Map()
  const folder = mkdtempSync(join(tmpdir(), 'lint-sql-'))
  const copy = join(folder, 'copy.sql')
  try {
    cpSync(path, copy, { recursive: true })
    const program = createRequire(import.meta.url).resolve(
      '@postgrestools/postgrestools/bin/postgrestools',
    )
    const config = fileURLToPath(new URL('../postgrestools.jsonc', import.meta.url))
    const args = ['format', '--write', '--disable-db', `--config-path=${config}`, copy]
    execFileSync(process.execPath, [program, ...args], { stdio: 'pipe' })
  } catch (error) {
    // Its exit code does not tell: it is not 0 either when there is a statement that it leaves as it is.
    const { stdout, stderr } = error as { stdout?: Buffer; stderr?: Buffer }
    const said = `${String(stdout)}${String(stderr)}`
    if (!/^Processed \d+ file/m.test(said))
      throw new Error(`the SQL formatter does not run; npm ci installs it\n${said}`, {
        cause: error,
      })
  }
  const texts = files.map(
    (file) => [file, readFileSync(copy + file.slice(path.length), 'utf8')] as const,
  )
  rmSync(folder, { recursive: true })
  return new Map(texts)
}

if (process.argv[1] === import.meta.filename) {
  void lintSql(process.cwd(), process.argv.includes('--write')).then(({ files, findings }) => {
    for (const finding of findings) console.error(finding)
    if (findings.length === 0) console.log(`${files} SQL files clean`)
    else process.exitCode = 1
  })
}
