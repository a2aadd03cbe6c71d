import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { parse, scan, SqlError, type ScanToken } from 'libpg-query'
import { lineOfPosition } from './pg-tap/source-lines.ts'

/** Something wrong in an SQL file. */
export interface Finding {
  file: string
  /** Counted from 1. */
  line: number
  message: string
}

/**
 * Checks the SQL files of a project: that db parses, that every word of db and examples is lower-case (in function
 * bodies and other dollar-quoted SQL too), and that db/functions is laid out as the formatter lays it out.
 *
 * The formatter is kept away from the rest. It turns the dollar-quoted SQL of pgTAP tests into one long string with
 * doubled quotes and `name => value` into `"name" := value`, and takes a psql variable for a parameter, `$1`.
 *
 * @param root - the folder that holds db and examples; either may be missing
 * @param options.write - mend db (layout and case) before it is checked
 * @returns how many files there are, and what is wrong in them
 * @throws Error when the formatter does not run
 */
export async function lintSql(
  root: string,
  options: { write?: boolean } = {},
): Promise<{ files: number; findings: Finding[] }> {
  const db = await sqlFiles(root, 'db')
  const examples = await sqlFiles(root, 'examples')
  const formatted = await formatFunctions(join(root, 'db', 'functions'))
  const findings: Finding[] = []

  for (const file of db) {
    const path = join(root, file)
    let sql = await readFile(path, 'utf8')
    const mended = await lowerCase(formatted.get(path) ?? sql)
    if (options.write && mended !== sql) {
      await writeFile(path, mended)
      sql = mended
    }
    findings.push(...(await syntaxErrors(file, sql)), ...(await upperCaseFindings(file, sql)))
    const line = firstDifference(await lowerCase(sql), mended)
    if (line !== undefined) {
      findings.push({ file, line, message: 'not formatted: npm run format mends it' })
    }
  }
  for (const file of examples) {
    const sql = await readFile(join(root, file), 'utf8')
    findings.push(...(await upperCaseFindings(file, maskPsql(sql))))
  }
  return { files: db.length + examples.length, findings }
}

async function sqlFiles(root: string, folder: string): Promise<string[]> {
  if (!existsSync(join(root, folder))) return []
  const entries = await readdir(join(root, folder), { recursive: true })
  return entries
    .filter((entry) => entry.endsWith('.sql'))
    .map((entry) => join(folder, entry))
    .sort()
}

/** The formatter's version of each file of a folder, by path. It works on a copy: it can only rewrite files. */
async function formatFunctions(folder: string): Promise<Map<string, string>> {
  const files = await sqlFiles(folder, '.')
  if (files.length === 0) return new Map()
  const copy = await mkdtemp(join(tmpdir(), 'lint-sql-'))
  try {
    await cp(folder, copy, { recursive: true })
    await runFormatter(copy)
    const texts = files.map(
      async (file) => [join(folder, file), await readFile(join(copy, file), 'utf8')] as const,
    )
    return new Map(await Promise.all(texts))
  } finally {
    await rm(copy, { recursive: true })
  }
}

function runFormatter(folder: string): Promise<void> {
  const program = createRequire(import.meta.url).resolve(
    '@postgrestools/postgrestools/bin/postgrestools',
  )
  const config = fileURLToPath(new URL('../postgrestools.jsonc', import.meta.url))
  const args = ['format', '--write', '--disable-db', `--config-path=${config}`, folder]
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [program, ...args], (_error, stdout, stderr) => {
      // Its exit code does not tell: it is not 0 either when there is a statement that it leaves as it is.
      if (/^Processed \d+ file/m.test(stdout + stderr)) resolve()
      else
        reject(new Error(`the SQL formatter does not run; npm ci installs it\n${stdout}${stderr}`))
    })
  })
}

async function syntaxErrors(file: string, sql: string): Promise<Finding[]> {
  if (sql.trim() === '') return []
  try {
    await parse(sql)
    return []
  } catch (error) {
    if (!(error instanceof SqlError)) throw error
    const line = lineOfPosition(sql, (error.sqlDetails?.cursorPosition ?? 0) + 1)
    return [{ file, line, message: error.message }]
  }
}

async function upperCaseFindings(file: string, sql: string): Promise<Finding[]> {
  const words = await upperCaseWords(sql)
  return words.map(({ start, text }) => {
    return { file, line: lineAt(sql, start), message: `${text} is not lower-case` }
  })
}

interface Word {
  text: string
  /** In bytes, as libpg-query counts. */
  start: number
}

/** The keywords and unquoted names with a capital in them, down into dollar-quoted SQL. */
async function upperCaseWords(sql: string): Promise<Word[]> {
  const words: Word[] = []
  const tokens = await tokensOf(sql)
  for (const [index, { text, start, tokenName, keywordName }] of tokens.entries()) {
    const isWord = keywordName !== 'NO_KEYWORD' || (tokenName === 'IDENT' && !text.startsWith('"'))
    if (isWord && /[A-Z]/.test(text)) words.push({ text, start })

    const quote = tokenName === 'SCONST' ? /^\$\w*\$/.exec(text)?.[0] : undefined
    if (quote === undefined) continue
    const content = maskPlaceholders(text.slice(quote.length, -quote.length))
    if (isBody(tokens.slice(0, index)) || (await parses(content))) {
      const inner = await upperCaseWords(content)
      const offset = start + Buffer.byteLength(quote)
      words.push(...inner.map((word) => ({ ...word, start: word.start + offset })))
    }
  }
  return words
}

/** None for what cannot be split into tokens, such as an open quote: that is a syntax error, and reported as one. */
async function tokensOf(sql: string): Promise<ScanToken[]> {
  try {
    return (await scan(sql)).tokens
  } catch {
    return []
  }
}

/** Whether a string after these tokens is a body: of `as $$…$$`, `do $$…$$` or `do language plpgsql $$…$$`. */
function isBody(before: ScanToken[]): boolean {
  return /\b(?:as|do|language \w+)$/i.test(
    before
      .slice(-2)
      .map(({ text }) => text)
      .join(' '),
  )
}

/** Tells SQL from other text in dollar quotes, such as a comment or a message. */
async function parses(sql: string): Promise<boolean> {
  return sql.trim() !== '' && (await syntaxErrors('', sql)).length === 0
}

/** format()'s placeholders are no SQL, and `%I` has a capital: names of the same length stand in for them. */
function maskPlaceholders(sql: string): string {
  return sql.replace(/%(?:\d+\$)?-?\d*[sIL]/g, (placeholder) => 'x'.repeat(placeholder.length))
}

/** Takes psql's own commands and variables out of a script, and leaves every line where it is. */
function maskPsql(script: string): string {
  return script.replace(/^\s*\\.*|\\g\w*.*|(?<!:):[a-z_]\w*/gim, '')
}

/** Unquoted words mean the same in lower case. This also mends the few that the formatter itself writes in capitals. */
async function lowerCase(sql: string): Promise<string> {
  const bytes = Buffer.from(sql)
  for (const { text, start } of await upperCaseWords(sql)) bytes.write(text.toLowerCase(), start)
  return bytes.toString()
}

function firstDifference(left: string, right: string): number | undefined {
  const rightLines = right.split('\n')
  const index = left.split('\n').findIndex((line, at) => line !== rightLines[at])
  if (index >= 0) return index + 1
  return left === right ? undefined : rightLines.length
}

function lineAt(sql: string, offset: number): number {
  return Buffer.from(sql).toString('utf8', 0, offset).split('\n').length
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { write: { type: 'boolean', default: false } } })
  const { files, findings } = await lintSql('.', values)
  for (const { file, line, message } of findings) console.error(`${file}:${line}  ${message}`)
  if (findings.length > 0) process.exitCode = 1
  else console.log(`${files} SQL files clean`)
}

if (process.argv[1] === import.meta.filename) void main()
