// Resumes one task for each point in time, in the time zone that the process was started with:
// <connection string> <consumer> <event id>=<ISO time>…
import pg from 'pg'
import { TaskClient } from 'kanthorq-tasks'

const [url, consumer = '', ...schedule] = process.argv.slice(2)
const client = new pg.Client(url)
await client.connect()
for (const item of schedule) {
  const [id = '', time = ''] = item.split('=')
  await new TaskClient(client).resume(consumer, [id], { scheduleAt: new Date(time) })
}
await client.end()
