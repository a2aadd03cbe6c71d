// Ends npm run build: puts into dist what a database is installed from without npm, one plain SQL file and the extension.
import { chmodSync, lstatSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { installFile } from '../src/install/install-sql.ts'
import { writeExtension } from './extension-package.ts'

const project = fileURLToPath(new URL('..', import.meta.url))
const { version } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as {
  version: string
}
const changelog = readFileSync(join(project, 'CHANGELOG.md'), 'utf8')
const versions = [...changelog.matchAll(/^## (\d+\.\d+\.\d+)$/gm)].map(([, heading = '']) => heading)
if (versions[0] !== version)
  throw new Error(
    `CHANGELOG.md begins with version ${versions[0] ?? 'none'}, but package.json says ${version}: the extension is ` +
      'updated from the versions that the changelog lists, so both have to name the newest',
  )

const dist = join(project, 'dist')
linkCommand()
writeFileSync(join(dist, `kanthorq-tasks--${version}.sql`), installFile())
writeExtension(join(dist, 'extension'), { version, earlier: versions.slice(1) })

/**
 * Lets npx find the command in a clone, in the first place that it looks at. Otherwise it installs the clone into its cache, and keeps
 * it there without the command if that was not built yet.
 */
function linkCommand(): void {
  chmodSync(join(dist, 'cli/main.js'), 0o755)
  const modules = join(project, 'node_modules')
  // Elsewhere npm makes no symbolic links, and the packages of another folder are not ours to change.
  if (process.platform === 'win32' || !lstatSync(modules, { throwIfNoEntry: false })?.isDirectory()) return
  const link = join(modules, '.bin/kanthorq-tasks')
  rmSync(link, { force: true })
  symlinkSync('../../dist/cli/main.js', link)
}
