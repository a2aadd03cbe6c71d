import { setTimeout } from 'node:timers/promises'
import type { Queue } from './queue.ts'
import { onKanthorq } from './kanthorq-tasks.ts'
import { Places } from './places.ts'

/** How many events KanthorQ's program asks for by default. */
const size = 100

/** How long it waits when there are none, in milliseconds. */
const wait = 300

/**
 * The statements of KanthorQ's program for new events, of a process that is not in Go: it takes a batch, waits until all of it is handled,
 * and completes it.
 */
export function kanthorq(url: string): Promise<Queue> {
  return onKanthorq(url, async (pool, concurrency, handle) => {
    const session = await pool.connect()
    const { rows } = await session.query<{ id: string; events: string; tasks: string; timeout: number }>(
      `select id, 'kanthorq_' || stream_id as events, 'kanthorq_' || id as tasks, visibility_timeout::int as timeout
       from kanthorq_consumer_registry`,
    )
    const [found] = rows
    if (found === undefined) throw new Error('there is no consumer')
    const { id, events, tasks, timeout } = found
    const places = new Places(concurrency)
    const pull = async () => {
      await session.query('begin')
      const locked = await session.query<{ cursor: string }>({
        name: 'lock',
        text: 'select cursor from kanthorq_consumer_registry where id = $1 for update skip locked',
        values: [id],
      })
      const read = await session.query<{ id: string; subject: string; metadata: object }>({
        name: 'scan',
        text: `select id, subject, metadata from ${events} where id > $1 order by id limit ${size}`,
        values: [locked.rows[0]?.cursor],
      })
      const ids = read.rows.map((event) => event.id)
      if (ids.length > 0) {
        await session.query({
          name: 'move',
          text: 'update kanthorq_consumer_registry set cursor = $2 where id = $1',
          values: [id, ids.at(-1)],
        })
        await session.query({
          name: 'insert',
          text: `insert into ${tasks} (event_id, subject, state, schedule_at, metadata)
            select id, subject, 2, $2, metadata from ${events} where id = any ($1) on conflict (event_id) do nothing`,
          values: [ids, Date.now() + timeout],
        })
      }
      await session.query('commit')
      const bodies = await session.query<{ id: string; body: Buffer }>({
        name: 'read',
        text: `select id, subject, body, metadata, created_at from ${events} where id = any ($1)`,
        values: [ids],
      })
      return bodies.rows
    }
    const end = new AbortController()
    const loop = (async () => {
      while (!end.signal.aborted) {
        const pulled = await pull()
        await Promise.all(pulled.map(({ body }) => places.run(() => handle(Number(body.toString())))))
        if (pulled.length === 0) await setTimeout(wait)
        else
          await session.query({
            name: 'complete',
            text: `update ${tasks} set state = 101, finalized_at = $2 where event_id = any ($1) and state = 2`,
            values: [pulled.map((event) => event.id), Date.now()],
          })
      }
      session.release()
    })()
    return async () => {
      end.abort()
      await loop
    }
  })
}
