import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isRoot, othersMayReach } from '../../scripts/embedded-postgres.ts'
import { untilConnected } from './until.ts'
import { tsx } from '../../scripts/tsx.ts'

/** A program that takes connections, and ends when we do. */
export interface Leashed {
  /** Ends it, waits until it has ended, and removes its folder. */
  stop: () => Promise<void>
}

/** Whom to run a program as, for `spawn`: as root it is the user `postgres`, as with the embedded server. */
export function runner(): { uid: number; gid: number } | undefined {
  if (!isRoot) return undefined
  const [uid = 0, gid = 0] = ['-u', '-g'].map((option) =>
    Number(execFileSync('id', [option, 'postgres'], { encoding: 'utf8' })),
  )
  return { uid, gid }
}

/** A temporary folder that belongs to whom the program in it is run as, and nobody else may look into. */
export function makeFolder(name: string): string {
  const parent = isRoot && !othersMayReach(tmpdir()) ? '/tmp' : tmpdir()
  const folder = mkdtempSync(join(parent, `kanthorq-${name}-`))
  const user = runner()
  if (user) chownSync(folder, user.uid, user.gid)
  return folder
}

/**
 * Starts a program, and waits until it takes connections. It ends when it is stopped or when we are gone, even killed,
 * and its folder goes with it.
 *
 * @param signal - the one that makes it end at once, but cleanly
 * @param url - where it is to take connections
 * @throws Error when it ends instead, with what it said
 */
export async function startLeashed(
  folder: string,
  signal: NodeJS.Signals,
  [program, ...args]: [string, ...string[]],
  url: string,
): Promise<Leashed> {
  const leash = [fileURLToPath(new URL('./leash.ts', import.meta.url)), folder, signal]
  const user = runner()
  const ids = user ? [String(user.uid), String(user.gid)] : ['', '']
  const child = spawn(
    process.execPath,
    ['--import', tsx, ...leash, ...ids, program, ...args],
    // A process group of its own, which Ctrl-C does not reach.
    { detached: true, stdio: ['pipe', 'ignore', 'pipe'] },
  )
  let said = ''
  child.stderr.on('data', (text) => (said = `${said}${String(text)}`.slice(-2000)))
  const ended = once(child, 'exit')
  const stop = async () => {
    child.ref()
    child.stdin.destroy()
    await ended
  }

  const failed = ended.then(() => {
    throw new Error(`${program} ended:\n${said}`)
  })
  try {
    await Promise.race([untilConnected(url), failed])
  } catch (error) {
    await stop()
    throw error
  }
  failed.catch(() => undefined)
  // Whoever forgets to stop it can end all the same.
  child.unref()
  for (const stream of [child.stdin, child.stderr]) (stream as unknown as NodeJS.ReadStream).unref()
  return { stop }
}
