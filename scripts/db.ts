// npm run db: a database to play with, as KanthorQ left it and with everything installed. Gone when you stop it.
// npm run db -- --empty: one with nothing in it, for the tutorial.
import { parseArgs } from 'node:util'
import { migrate } from 'kanthorq-tasks/migrate'
import { dump } from '../test/support/kanthorq-dump.ts'
import { startServer } from './server.ts'
import { createDatabase } from './throwaway-database.ts'
import { withClient } from './with-client.ts'

const { values } = parseArgs({ options: { empty: { type: 'boolean', default: false } } })
const server = await startServer()
const { url } = await createDatabase(server.url)

if (values.empty) {
  console.log(`PostgreSQL ${server.version} with an empty database. In another terminal:

  export DATABASE_URL='${url}'
`)
} else {
  await withClient(url, (client) => client.query(dump))
  await migrate({ database: url })
  console.log(`PostgreSQL ${server.version} with 28 tasks of the consumer send_email, in every state. In another terminal:

  export DATABASE_URL='${url}'
  psql "$DATABASE_URL"

Try:

  \\df+ kanthorq_*
  select * from kanthorq_task_cancel('send_email', array['event_01m86243pcep6et4pajx64trgk', 'event_unknown']);
  select * from kanthorq_task_resume('send_email', array['event_01m86243pcep6et4pajx64trgk']);
`)
}
console.log('Ctrl-C stops the server and removes it.')

// Until it is interrupted, whereupon all of it is removed.
setInterval(() => undefined, 2 ** 30)
