import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { reportReporter, tapReporter, totals } from './pg-tap/reporters.ts'
import { runFile, type FileResult } from './pg-tap/run-file.ts'

const usage = `Usage: tsx scripts/pg-tap-runner.ts [options] [paths…]

Runs pgTAP files. Paths are files, or folders to search for *.sql; db/tests if none is given.

  --url <postgres://…>        database with pgTAP in its schema tap; default: DATABASE_URL
  --role <name>               run the files as this role, as if it had logged in
  --reporter <report|tap>     report for people (default), or one TAP stream

Exit code: 0 all tests passed, 1 not so (or there were none), 2 wrong usage.
`

/**
 * Runs pgTAP files one after the other, each in a connection of its own.
 *
 * @param options.url - the database, with pgTAP in its schema `tap`
 * @param options.role - whom to run the files as; the user of `url` must then be a superuser
 * @param options.write - takes the reporter's text as it comes; default: standard output
 * @returns how many tests passed and failed; whatever else is wrong with a file (an SQL error, a plan that does not
 * match, no tests) counts as one failure. Nothing is left uncounted: a file yields at least one of either
 * @throws a database error when the connection or the change of role fails
 */
export async function runTapFiles(options: {
  url: string
  role?: string
  files: string[]
  reporter: 'tap' | 'report'
  write?: (text: string) => void
}): Promise<{ passed: number; failed: number }> {
  const write = options.write ?? ((text: string) => void process.stdout.write(text))
  const reporter = options.reporter === 'tap' ? tapReporter : reportReporter
  const results: FileResult[] = []
  write(reporter.begin(options.files.length))
  for (const file of options.files) {
    const result = await runFile(options.url, file, options.role)
    results.push(result)
    write(reporter.file(result))
  }
  write(reporter.end(results))
  return totals(results)
}

/**
 * The SQL files at some paths, sorted.
 *
 * @param paths - files, taken as they are, and folders, searched to the bottom for `*.sql`
 * @throws Error when a path does not exist
 */
export async function findTapFiles(paths: string[]): Promise<string[]> {
  const files = await Promise.all(
    paths.map(async (path) => {
      const found = await stat(path).catch(() => undefined)
      if (!found) throw new Error(`no file or folder ${path}: name one that exists`)
      if (!found.isDirectory()) return [path]
      const entries = await readdir(path, { recursive: true })
      return entries.filter((entry) => entry.endsWith('.sql')).map((entry) => join(path, entry))
    }),
  )
  return [...new Set(files.flat())].sort()
}

async function readArguments() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      url: { type: 'string' },
      role: { type: 'string' },
      reporter: { type: 'string', default: 'report' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const { role, reporter, help, url = process.env['DATABASE_URL'] } = values
  if (help) return undefined
  if (!url) throw new Error('no database: give --url or set DATABASE_URL')
  if (reporter !== 'tap' && reporter !== 'report') {
    throw new Error(`no reporter is called ${JSON.stringify(reporter)}: use report or tap`)
  }
  const files = await findTapFiles(positionals.length > 0 ? positionals : [join('db', 'tests')])
  return { url, reporter, files, ...(role !== undefined && { role }) } as const
}

async function main(): Promise<number> {
  const options = await readArguments().catch((error: unknown) => {
    process.stderr.write(`pg-tap-runner: ${(error as Error).message}\n\n${usage}`)
    return 2 as const
  })
  if (options === 2) return 2
  if (options === undefined) {
    process.stdout.write(usage)
    return 0
  }
  try {
    const { passed, failed } = await runTapFiles(options)
    if (passed + failed === 0) process.stderr.write('pg-tap-runner: found no *.sql file to run\n')
    return passed > 0 && failed === 0 ? 0 : 1
  } catch (error) {
    process.stderr.write(`pg-tap-runner: ${(error as Error).message}\n`)
    return 1
  }
}

if (process.argv[1] === import.meta.filename) void main().then((code) => (process.exitCode = code))
