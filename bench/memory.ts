import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { Bench } from './bench.ts'
import * as bare from './contenders/bare-update.ts'
import * as ours from './contenders/kanthorq-tasks.ts'
import type { GrowthResult, Memory } from './results.ts'
import type { Tasks } from './tasks.ts'

/**
 * The memory that it takes to cancel a million tasks by one call, for our function and for the bare UPDATE. Each is made
 * by a process, and by a session, of its own, and they are not put back.
 */
export async function memoryOfCalls(
  bench: Bench,
  url: string,
  tasks: Tasks,
): Promise<GrowthResult['memory']> {
  const count = bench.scaled(1_000_000)
  const memory: GrowthResult['memory'] = []
  const chosen = await tasks.pick(2 * count)
  for (const [n, what] of [ours.name, bare.name].entries()) {
    bench.say(`memory of a call with ${count.toLocaleString('en')} ids: ${what}`)
    const ids = chosen.slice(n * count, (n + 1) * count)
    memory.push({ what, ids: count, ...(await oneCall([url, tasks.consumer, what], ids)) })
  }
  return memory
}

async function oneCall(args: string[], ids: readonly string[]): Promise<Memory> {
  const program = fileURLToPath(new URL('./one-call.ts', import.meta.url))
  const child = spawn(process.execPath, ['--import', 'tsx', program, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const closed = once(child, 'close') as Promise<[number | null]>
  child.stdin.end(ids.join('\n'))
  const [printed, [code]] = await Promise.all([text(child.stdout), closed])
  if (code !== 0) throw new Error(`one-call.ts ended with ${String(code)}`)
  return JSON.parse(printed) as Memory
}
