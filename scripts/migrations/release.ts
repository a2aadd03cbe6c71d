// npm run migration:release: adds the checksums of new migrations to db/migrations.sha256. From then on they never change.
import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readMigrations } from '../../src/install/migrations.ts'

/**
 * Adds the migrations of a project that are not released yet to its list, which has the format of sha256sum.
 *
 * @param root - the folder of the project
 * @returns their lines
 */
export function releaseMigrations(root = fileURLToPath(new URL('../..', import.meta.url))): string[] {
  const list = join(root, 'db', 'migrations.sha256')
  const released = existsSync(list) ? readFileSync(list, 'utf8') : ''
  const lines = readMigrations(join(root, 'migrations'))
    .map(({ name }) => `migrations/${name}.sql`)
    .filter((path) => !released.includes(`  ${path}\n`))
    .map(
      (path) =>
        `${createHash('sha256')
          .update(readFileSync(join(root, path)))
          .digest('hex')}  ${path}\n`,
    )
  appendFileSync(list, lines.join(''))
  return lines
}

if (process.argv[1] === import.meta.filename) {
  const lines = releaseMigrations()
  console.log(lines.length === 0 ? 'no new migrations' : lines.join('').trimEnd())
}
