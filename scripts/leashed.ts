import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, constants, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { constants as system, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { untilConnected } from '../test/support/until.ts'

/** A program that takes connections, and ends when this process does. */
export interface Leashed {
  /** Ends it, and waits until all its processes are gone. */
  end: () => Promise<void>
  /** The same, and removes its folder. Idempotent. */
  stop: () => Promise<void>
}

/** PostgreSQL refuses to run as root. */
const isRoot = process.getuid?.() === 0

/** Whom to run servers as, for `spawn`. For root that is the user `postgres`, who is created if missing. */
export function runner(): { uid: number; gid: number } | undefined {
  if (!isRoot) return undefined
  const id = (option: string) => Number(execFileSync('id', [option, 'postgres'], { encoding: 'utf8', stdio: 'pipe' }))
  try {
    return { uid: id('-u'), gid: id('-g') }
  } catch {
    execFileSync('useradd', ['--user-group', 'postgres'])
    return { uid: id('-u'), gid: id('-g') }
  }
}

/** Whether the runner can reach a file of ours: all folders above it must be open to others. */
export function runnerMayReach(path: string): boolean {
  const open = !isRoot || (statSync(path).mode & constants.S_IXOTH) !== 0
  return open && (dirname(path) === path || runnerMayReach(dirname(path)))
}

/** A temporary folder that belongs to the runner, closed to others. It goes at the latest when this process ends. */
export function makeFolder(name: string): string {
  const parent = runnerMayReach(tmpdir()) ? tmpdir() : '/tmp'
  const folder = mkdtempSync(join(parent, `kanthorq-${name}-`))
  atExit(() => {
    remove(folder)
  })
  giveToRunner(folder)
  return folder
}

/** Makes the runner the owner of a file. */
export function giveToRunner(path: string): void {
  const user = runner()
  if (user) chownSync(path, user.uid, user.gid)
}

const lastSteps: (() => void)[] = []

/** Has something done when this process ends: by itself, by an error, by Ctrl-C or SIGTERM. The last one comes first. */
export function atExit(step: () => void): void {
  if (lastSteps.push(step) > 1) return
  process.once('exit', () => {
    for (const each of lastSteps.reverse()) each()
  })
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => process.exit(128 + system.signals[signal]))
  }
}

/**
 * Runs the program until standard input ends, which it does when this process is gone, even killed. Then removes its
 * folder, unless told to keep it. The program alone keeps standard error open, so that its end can be seen.
 */
const leash = `running=$0 signal=$1; shift
"$@" & exec 2>&-
read -r keep
kill -s "$signal" $!; wait $!
[ "$keep" ] || rm -rf "$PWD"
rm -f "$running"`

/**
 * Starts a program in its folder, and waits until it takes connections.
 *
 * @param signal - makes it end at once, but cleanly
 * @param url - where it takes connections
 * @throws Error with its messages when it ends instead
 */
export async function startLeashed(
  folder: string,
  signal: 'SIGQUIT' | 'SIGTERM',
  command: readonly [program: string, ...args: string[]],
  url: string,
): Promise<Leashed> {
  const running = join(folder, 'running')
  writeFileSync(running, '')
  const args = ['-c', leash, running, signal.slice(3), ...command]
  // A process group of its own, which Ctrl-C does not reach.
  const options = { cwd: folder, detached: true, ...runner() }
  const child = spawn('sh', args, { ...options, stdio: ['pipe', 'ignore', 'pipe'] })
  let messages = ''
  child.stdin.on('error', () => undefined)
  child.stderr.on('data', (text) => (messages = `${messages}${String(text)}`.slice(-2000)))
  const closed = once(child, 'close')
  // Only end() waits for it: a process that does not call it can end all the same.
  const streams = [child.stdin, child.stderr] as unknown as NodeJS.ReadStream[]
  const end = async () => {
    for (const each of [child, ...streams]) each.ref()
    if (child.stdin.writable) child.stdin.end('keep\n')
    await closed
  }
  atExit(() => {
    child.stdin.destroy()
    const deadline = Date.now() + 15_000
    while (existsSync(running) && Date.now() < deadline) pause(10)
  })
  const gone = once(child.stderr, 'end').then(() => {
    throw new Error(`${command[0]} ended:\n${messages}`)
  })
  try {
    await Promise.race([untilConnected(url), gone])
  } catch (error) {
    await end()
    throw error
  }
  gone.catch(() => undefined)
  for (const each of [child, ...streams]) each.unref()
  const stop = async () => {
    await end()
    remove(folder)
  }
  return { end, stop }
}

/** Nothing asynchronous happens in a process that is ending. */
function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}

function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
}
