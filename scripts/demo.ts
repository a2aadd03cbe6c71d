// npm run demo: runs examples/task-management.ts on a throw-away database.
import { migrate } from 'kanthorq-tasks/migrate'
import { startServer } from './server.ts'
import { createDatabase } from './throwaway-database.ts'

const server = await startServer()
try {
  console.log(`PostgreSQL ${server.version}${server.embedded ? ', started for this demo' : ''}`)
  const { url, drop } = await createDatabase(server.url)
  for (const name of await migrate({ database: url })) console.log(`applied ${name}`)
  process.env['DATABASE_URL'] = url
  await import('../examples/task-management.ts')
  await drop()
} finally {
  await server.stop()
}
