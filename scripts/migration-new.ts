// npm run migration:new -- <name>: freezes what has changed in db/functions into the next migration, with its way back.
import { writeFileSync } from 'node:fs'
import { migrationsFolder, readMigrations } from '../src/install/migrations.ts'
import { readFunctions } from './function-files.ts'
import { functionsOf, migrationText } from './migration-text.ts'

const name = process.argv[2]
if (name === undefined || !/^[a-z][a-z0-9_]*$/.test(name)) {
  console.error(
    'Usage: npm run migration:new -- <name>, where the name is lower-case words joined by underscores',
  )
  process.exit(2)
}

const migrations = readMigrations()
const number = Number(migrations.at(-1)?.name.slice(0, 4) ?? 0) + 1
const file = `${String(number).padStart(4, '0')}_${name}.sql`
try {
  writeFileSync(
    `${migrationsFolder}/${file}`,
    migrationText(functionsOf(migrations), readFunctions()),
  )
  console.log(`wrote migrations/${file}`)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}
