// npm run db: a database to play with, as KanthorQ left it and with everything installed. Gone when you stop it.
// npm run db -- --incident: one of a shop where things go wrong, for the incident in docs/incident.md.
// npm run db -- --empty: one with nothing in it, for the tutorial.
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { migrate } from 'kanthorq-tasks/migrate'
import { dump } from '../test/support/kanthorq-dump.ts'
import { startServer } from './server.ts'
import { createDatabase } from './throwaway-database.ts'
import { withClient } from './with-client.ts'

const { values } = parseArgs({
  options: { empty: { type: 'boolean', default: false }, incident: { type: 'boolean', default: false } },
})
const server = await startServer()
const { url } = await createDatabase(server.url)

let content = 'an empty database'
let consumer: string | undefined
if (values.incident) {
  content = '50,000 tasks of the consumers charge_card, send_email and sync_stock'
  consumer = 'charge_card'
  await migrate({ database: url })
  const incident = readFileSync(new URL('../test/fixtures/incident.sql', import.meta.url), 'utf8')
  await withClient(url, (client) => client.query(incident))
} else if (!values.empty) {
  content = '28 tasks of the consumer send_email, in every state'
  consumer = 'send_email'
  await withClient(url, (client) => client.query(dump))
  await migrate({ database: url })
}
console.log(`PostgreSQL ${server.version} with ${content}. In another terminal, in this folder:

  export DATABASE_URL='${url}'
`)
if (consumer !== undefined) {
  console.log(`Then, for example:

  npx kanthorq-tasks stats
  npx kanthorq-tasks cancel ${consumer} --state available --dry-run
  psql "$DATABASE_URL" -c 'select * from kanthorq_task_stats()'
`)
}
console.log('Ctrl-C stops the server and removes it.')

// Until it is interrupted, whereupon all of it is removed.
setInterval(() => undefined, 2 ** 30)
