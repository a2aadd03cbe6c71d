// Cancels the tasks whose ids come on standard input, by one call, and prints the memory that it took, of the server's
// process and of this one: <connection string> <consumer> <name of the contender>
import { existsSync, readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import pg from 'pg'
import * as bare from './contenders/bare-update.ts'
import * as ours from './contenders/kanthorq-tasks.ts'
import { timed } from './measure.ts'
import type { Memory } from './results.ts'
import { findTasks } from './tasks.ts'

const [url = '', consumer = '', contender] = process.argv.slice(2)
const ids = (await text(process.stdin)).split('\n')
const pool = new pg.Pool({ connectionString: url })
const tasks = await findTasks(pool, { consumer, tasks: 0, states: [] })
const session =
  contender === ours.name ? await ours.kanthorqTasks(url, tasks) : await bare.bareUpdate(url, tasks)

const status = `/proc/${session.pid}/status`
const serverIsHere =
  existsSync(status) && readFileSync(status, 'utf8').startsWith('Name:\tpostgres')
let server = 0
const look = () => {
  if (serverIsHere) server = Math.max(server, privateMemory(readFileSync(status, 'utf8')))
}

look()
const [serverBefore, clientBefore] = [server, process.memoryUsage.rss() / 2 ** 20]
const looking = setInterval(look, 5)
const { ms, result } = await timed(() => session.call('cancel', ids))
look()
clearInterval(looking)
if (result !== ids.length) throw new Error(`${result} of ${ids.length} tasks were cancelled`)

const memory: Memory = {
  seconds: ms / 1000,
  server: serverIsHere ? Math.round(server - serverBefore) : null,
  client: Math.round(process.resourceUsage().maxRSS / 2 ** 10 - clientBefore),
}
console.log(JSON.stringify(memory))
await session.close()
await pool.end()

/** In megabytes, without the buffers that all processes of the server share. */
function privateMemory(status: string): number {
  return Number(/^RssAnon:\s*(\d+) kB$/m.exec(status)?.[1]) / 2 ** 10
}
