// Ends npm run build: puts into dist what a database is installed from without npm, one plain SQL file and the extension.
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { installFile } from '../src/install/install-sql.ts'
import { extensionFiles } from './extension.ts'

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
// npx runs the file itself in a clone.
chmodSync(join(dist, 'cli/main.js'), 0o755)
const extension = join(dist, 'extension')
mkdirSync(extension, { recursive: true })
writeFileSync(join(dist, `kanthorq-tasks--${version}.sql`), installFile())
for (const [name, text] of Object.entries(extensionFiles({ version, earlier: versions.slice(1) }))) {
  writeFileSync(join(extension, name), text)
}
