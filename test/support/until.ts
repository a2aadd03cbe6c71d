import { setTimeout } from 'node:timers/promises'
import pg from 'pg'

/**
 * Asks again and again until there is an answer. It pauses in between, because the other side needs the processor as well.
 *
 * @param complaint - what it says when there is none, e.g. "no session is called psql"
 * @param minutes - for how long it asks
 * @throws Error when there is none by then
 */
export async function until<Answer>(
  ask: () => Promise<Answer | false | undefined>,
  complaint: string,
  minutes = 1,
): Promise<Answer> {
  const deadline = Date.now() + minutes * 60_000
  do {
    const answer = await ask()
    if (answer !== undefined && answer !== false) return answer
    await setTimeout(5)
  } while (Date.now() < deadline)
  throw new Error(`${complaint} after ${minutes === 1 ? 'a minute' : `${minutes} minutes`}`)
}

/**
 * Waits until a server takes connections. A new one is what tells: one out of a pool may be of a process that is just about
 * to end.
 *
 * @throws Error when it does not within a minute
 */
export async function untilConnected(url: string): Promise<void> {
  let refusal: unknown
  const connect = async () => {
    const client = new pg.Client(url)
    client.on('error', () => undefined)
    try {
      await client.connect()
      return true
    } catch (error) {
      refusal = error
      return false
    } finally {
      await client.end()
    }
  }
  await until(connect, 'it takes no connections').catch((error: unknown) => {
    throw new Error((error as Error).message, { cause: refusal })
  })
}
