// npm run migration:release: adds the checksums of new migrations to db/migrations.sha256. From then on they never change.
import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { migrationsFolder, readMigrations } from '../../src/install/migrations.ts'

/** The list of released migrations, in the format of sha256sum: `sha256sum --check db/migrations.sha256`. */
const list = fileURLToPath(new URL('../../db/migrations.sha256', import.meta.url))

const released = existsSync(list) ? readFileSync(list, 'utf8') : ''
const lines = readMigrations()
  .map(({ name }) => `migrations/${name}.sql`)
  .filter((path) => !released.includes(`  ${path}\n`))
  .map((path) => {
    const content = readFileSync(`${migrationsFolder}/${path.slice('migrations/'.length)}`)
    return `${createHash('sha256').update(content).digest('hex')}  ${path}\n`
  })
appendFileSync(list, lines.join(''))
console.log(lines.length === 0 ? 'no new migrations' : lines.join('').trimEnd())
