// npm run generate: writes all that follows from other files: lists in db/functions, the migrations that are not released yet, and the
// references in docs/reference.
import { writeFileSync } from 'node:fs'
import { migrate } from 'kanthorq-tasks/migrate'
import { generateMigrations } from './migrations/generate.ts'
import { commandLinePage } from './reference/command-line.ts'
import { sqlPage } from './reference/sql.ts'
import { typeScriptPage } from './reference/typescript.ts'
import { startServer } from './server.ts'
import { createDatabase } from './throwaway-database.ts'
import { withClient } from './with-client.ts'

generateMigrations()
const server = await startServer()
try {
  const { url } = await createDatabase(server.url)
  await migrate({ database: url })
  const pages = [await withClient(url, sqlPage), await typeScriptPage(), await commandLinePage()]
  for (const { file, text } of pages) writeFileSync(file, text)
} finally {
  await server.stop()
}
