import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { installSql, migrate } from 'kanthorq-tasks'
import { commandLine } from '../support/command-line.ts'
import { projectFolder } from '../support/run-program.ts'

/** From how many migrations to how many. */
export interface Way {
  from: number
  to: number
}

/** A migration that has been started. */
export interface Migrating {
  /** Tells what it said when it failed; nothing when all went well. */
  ended: Promise<string | undefined>
  /** Kills the program. */
  kill: () => void
}

/** Something to migrate with. */
export interface Program {
  /** Which ways it can go, when there are so many migrations in all; the longest comes first. */
  ways: (all: number) => Way[]
  /** Who may be killed: it is a process of its own only if it can be killed itself. */
  victims: readonly Victim[]
  /** How much of the time that there is it gets: a process takes most of it to get going. */
  share: number
  start: (url: string, way: Way) => Migrating
}

export type Victim = 'its session' | 'the server' | 'itself'

/** By what the server knows the session of a program: its application_name. */
export const sessionName = 'migration'

const range = (length: number) => Array.from({ length }, (_, n) => n)
const up = (all: number) => range(all).map((from) => ({ from, to: all }))
const down = (all: number) => range(all).map((to) => ({ from: all, to }))
const downByOne = (all: number) => range(all).map((to) => ({ from: to + 1, to }))

export const programs: Record<string, Program> = {
  'migrate() up': {
    ways: up,
    victims: ['its session', 'the server'],
    share: 2,
    start: callMigrate,
  },
  'migrate() down': {
    ways: down,
    victims: ['its session', 'the server'],
    share: 2,
    start: callMigrate,
  },
  'kanthorq-tasks migrate up': {
    ways: up,
    victims: ['its session', 'itself'],
    share: 0.5,
    start: runCommand,
  },
  'kanthorq-tasks migrate down': {
    ways: downByOne,
    victims: ['itself'],
    share: 0.5,
    start: runCommand,
  },
  'psql with the SQL file': {
    ways: up,
    victims: ['its session', 'the server', 'itself'],
    share: 1,
    start: runPsql,
  },
}

function callMigrate(url: string, { from, to }: Way): Migrating {
  const migrating = migrate({
    database: { connectionString: url, application_name: sessionName },
    direction: from < to ? 'up' : 'down',
    count: Math.abs(to - from),
  })
  const ended = migrating.then(
    () => undefined,
    (error: unknown) => String(error),
  )
  return { ended, kill: () => undefined }
}

function runCommand(url: string, { from, to }: Way): Migrating {
  const [program, ...args] = commandLine(['migrate', from < to ? 'up' : 'down', '--url', url])
  return watch(spawn(program, args, options))
}

function runPsql(url: string): Migrating {
  const child = spawn(
    'psql',
    [url, '-X', '-v', 'ON_ERROR_STOP=1', '-v', 'VERBOSITY=terse', '-f', '-'],
    options,
  )
  child.stdin.on('error', () => undefined).end(installSql())
  return watch(child)
}

const options = { cwd: projectFolder, env: { ...process.env, PGAPPNAME: sessionName } }

function watch(child: ChildProcessWithoutNullStreams): Migrating {
  const said = text(child.stderr)
  // What it prints is not looked at, but it must not get stuck with it.
  child.stdout.resume()
  const ended = once(child, 'close').then(([code]) => (code === 0 ? undefined : said))
  return { ended, kill: () => child.kill('SIGKILL') }
}
