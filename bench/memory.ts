import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import pg from 'pg'
import type { Bench } from './bench.ts'
import { bare, openContender, ours } from './contenders/on-kanthorq.ts'
import { timed } from './measure.ts'
import { findTasks, type Tasks } from './tasks.ts'

/** What one call takes, in megabytes beside what there was before; null where the server's memory can't be seen. */
export interface Memory {
  seconds: number
  server: number | null
  client: number
}

/**
 * The memory that it takes to cancel 250 thousand tasks by one call, for our function and for the bare UPDATE. Each is made
 * by a process, and by a session, of its own, and they are not put back.
 */
export async function memoryOfCalls(bench: Bench, url: string, tasks: Tasks) {
  const count = bench.scaled(250_000)
  const memory: ({ what: string; ids: number } & Memory)[] = []
  const chosen = await tasks.pick(2 * count)
  for (const [n, what] of [ours, bare].entries()) {
    console.error(`memory of a call with ${count.toLocaleString('en')} ids: ${what}`)
    const args = ['--import', 'tsx', import.meta.filename, url, tasks.consumer, what]
    const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    const closed = once(child, 'close')
    child.stdin.end(chosen.slice(n * count, (n + 1) * count).join('\n'))
    const printed = await text(child.stdout)
    await closed
    if (printed === '') throw new Error(`the call of ${what} failed`)
    memory.push({ what, ids: count, ...(JSON.parse(printed) as Memory) })
  }
  return memory
}

/** Cancels the tasks whose ids come on standard input, by one call. */
async function oneCall(url: string, consumer: string, contender: string): Promise<Memory> {
  const ids = (await text(process.stdin)).split('\n')
  const pool = new pg.Pool({ connectionString: url })
  const tasks = await findTasks(pool, { consumer, tasks: 0, states: [] })
  await pool.end()
  const { pid, call, close } = await openContender(contender, url, tasks)
  const status = `/proc/${pid}/status`
  const isHere = existsSync(status) && readFileSync(status, 'utf8').startsWith('Name:\tpostgres')
  // In megabytes, without the buffers that all processes of the server share.
  const privateMemory = () => (isHere ? Number(/^RssAnon:\s*(\d+) kB$/m.exec(readFileSync(status, 'utf8'))?.[1]) / 2 ** 10 : 0)
  const [serverBefore, clientBefore] = [privateMemory(), process.memoryUsage.rss() / 2 ** 20]
  let server = serverBefore
  const looking = setInterval(() => (server = Math.max(server, privateMemory())), 5)
  const { ms, result } = await timed(() => call('cancel', ids))
  server = Math.max(server, privateMemory())
  clearInterval(looking)
  await close()
  if (result !== ids.length) throw new Error(`${result} of ${ids.length} tasks were cancelled`)
  return {
    seconds: ms / 1000,
    server: isHere ? Math.round(server - serverBefore) : null,
    client: Math.round(process.resourceUsage().maxRSS / 2 ** 10 - clientBefore),
  }
}

if (process.argv[1] === import.meta.filename) {
  const [url = '', consumer = '', contender = ''] = process.argv.slice(2)
  console.log(JSON.stringify(await oneCall(url, consumer, contender)))
}
