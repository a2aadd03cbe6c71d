// The same values and the same behaviour, whatever the application does to its driver and its sessions.
import test from 'ava'
import pg from 'pg'
import { TaskClient, type BulkError, type Queryable } from 'kanthorq-tasks'
import { migrate } from 'kanthorq-tasks/migrate'
import { installationStatus } from '../../src/install/migration-status.ts'
import { useDatabase } from '../support/database.ts'
import { fillTable, makeConsumer, statesOf, taskTable } from '../support/scene.ts'
import { openSession } from '../support/sessions.ts'

const db = useDatabase(test)

/** bool, int8, int2, int4, text[], json, jsonb, inet, xid8, the times, interval, void. */
const types = [16, 20, 21, 23, 1009, 114, 3802, 869, 5069, 1082, 1114, 1184, 1186, 2278]

// The types of node-postgres know some types of PostgreSQL only.
type Parser = (text: string) => unknown
const setTypeParser = pg.types.setTypeParser as unknown as (oid: number, parser: Parser) => void
const getTypeParser = pg.types.getTypeParser as unknown as (oid: number) => Parser

/** Node-postgres as applications set it up. */
const applications: Record<string, () => Promise<Queryable>> = {
  'converters of a session that make objects of their own': () => {
    const converted = { getTypeParser: (oid: number) => (types.includes(oid) ? (text: string) => ({ text }) : String) }
    return connect({ types: converted })
  },
  'converters for all that leave text': () => {
    for (const oid of types) setTypeParser(oid, (text) => text)
    return connect()
  },
  'BigInt for int8': () => {
    setTypeParser(20, BigInt)
    return connect()
  },
  parseInt8: () => {
    pg.defaults.parseInt8 = true
    return connect()
  },
  'a wrapper that renames columns': async () => {
    const pool = await connect()
    return {
      query: async (text, values) => {
        const { rows } = await pool.query(text, values)
        return { rows: rows.map((row) => renamed(row as Row)) }
      },
    }
  },
  'other styles of dates and intervals': () =>
    connect({ options: '-c datestyle=SQL,DMY -c intervalstyle=sql_standard -c extra_float_digits=-15 -c bytea_output=escape' }),
  'a time zone with seconds': () => connect({ options: '-c timezone=Africa/Monrovia' }),
  'a time zone of its own': () => connect({ options: '-c timezone=XYZ-11:22' }),
}

for (const [application, connection] of Object.entries(applications)) {
  test.serial(`with ${application}, all values are the same`, async (t) => {
    const consumer = await makeConsumer(db, application.toLowerCase().replaceAll(' ', '_'))
    const ids = await fillTable(db, consumer, 6, ['available'])
    const table = await taskTable(db, consumer)
    // Before time zones had whole minutes, and beyond four digits of a year.
    await db.owner.query(`update ${table} set schedule_at = 1001, created_at = 8640000000000000 where event_id = $1`, [ids[0]])
    const plain = new TaskClient(db.sessions)
    await plain.cancel(consumer, ids.slice(0, 1))
    const { bulkId } = await plain.cancelAll(consumer, { subject: '>' }, { batchSize: 2, maxTasks: 4, pause: 0 })
    const expected = await seen(plain, consumer)
    t.deepEqual(expected.found[5]?.createdAt, new Date(8.64e15))

    await withConverters(undefined, async () => {
      const tasks = new TaskClient(await connection())
      t.deepEqual(await seen(tasks, consumer), expected)
      const nothing = { onProgress: () => t.fail(), pause: 86_400_000 }
      t.deepEqual(await tasks.cancelAll(consumer, { subject: 'none' }, nothing), { updated: 0, skipped: 0, bulkId: null })
      const [, operation] = await tasks.operations(consumer)
      const undone = await tasks.undoAll(bulkId ?? '', { pause: 0 })
      t.like(undone, { updated: 4, skipped: 0 })
      for (const id of [BigInt(undone.bulkId ?? ''), Number(undone.bulkId)] as const)
        t.like(await tasks.operations(consumer, { bulkId: id }), [{ id: undone.bulkId, tasks: 4 }])
      t.deepEqual(await tasks.undo(Number(operation?.id)), { updated: ids.slice(0, 1), noop: [] })
      const scheduleAt = new Date('+012026-11-01T05:30:00.123Z')
      await tasks.cancel(consumer, ids)
      await tasks.resume(consumer, ids, { scheduleAt })
      for (const task of await tasks.find(consumer)) t.deepEqual(task.scheduleAt, scheduleAt)
    })
    t.deepEqual(await statesOf(db, consumer, ids), Array(6).fill('running'))
  })
}

const shapes: Record<string, (pool: Queryable) => object> = {
  'an array of rows': (pool) => ({ query: async (text: string, values: string[]) => (await pool.query(text, values)).rows }),
  'rows that are arrays': (pool) => ({
    query: async (text: string, values: string[]) => {
      const { rows } = (await pool.query(text, values)) as { rows: object[] }
      return { rows: rows.map((row) => Object.values(row) as unknown) }
    },
  }),
  nothing: (pool) => ({
    query: async (text: string, values: string[]) => {
      await pool.query(text, values)
    },
  }),
  'text that was made into something else': (pool) => ({
    query: async (text: string, values: string[]) => {
      const { rows } = (await pool.query(text, values)) as { rows: { result: string }[] }
      return {
        rows: rows.map(({ result }) => ({ result: result.startsWith('{') ? (JSON.parse(result) as object) : `${result}!` })),
      }
    },
  }),
}

for (const [shape, wrap] of Object.entries(shapes)) {
  test(`a query() that resolves to ${shape} is found before any task is moved`, async (t) => {
    const consumer = await makeConsumer(db, `shape_${Object.keys(shapes).indexOf(shape)}`)
    const ids = await fillTable(db, consumer, 2, ['available'])
    const tasks = new TaskClient(wrap(db.pool) as Queryable)
    for (const call of [
      () => tasks.cancel(consumer, ids),
      () => tasks.cancelAll(consumer, { subject: '>' }),
      () => tasks.count(consumer),
      () => tasks.cancel(consumer, ids),
    ])
      await t.throwsAsync(call, { instanceOf: TypeError, message: /^db\.query\(\) does not .*docs\/adapters\.md/ })
    t.deepEqual(await statesOf(db, consumer, ids), ['available', 'available'])
  })
}

test('what has no query() is no connection', (t) => {
  for (const none of [undefined, null, {}, { query: 'select' }, 'postgres://localhost'])
    t.throws(() => new TaskClient(none as Queryable), { instanceOf: TypeError, message: /db has no query\(\)/ })
})

for (const [end, like] of [
  ['aborted', { name: 'AbortError', code: 'ABORT_ERR', cause: 'enough' }],
  ['refused', { name: 'OperationError', code: 'KQ004' }],
  ['cut off', {}],
] as const) {
  test(`a bulk call that is ${end} says how far it came and how to take it back`, async (t) => {
    const consumer = await makeConsumer(db, `ended_${end.replace(' ', '_')}`)
    await fillTable(db, consumer, 10, ['available'])
    const stop = new AbortController()
    const session = await openSession(t, db.sessions)
    const { rows } = await session.query<{ pid: number }>('select pg_backend_pid() as pid')
    // The next batch begins while this is done.
    const done: Promise<unknown>[] = []
    const ways = {
      aborted: () => {
        stop.abort('enough')
      },
      refused: () => done.push(new TaskClient(db.owner).undoAll(bulk, { pause: 0 })),
      'cut off': () => done.push(db.owner.query('select pg_terminate_backend($1, 60000)', [rows[0]?.pid])),
    }
    let bulk = ''
    const hooked: Queryable = {
      query: async (text, values) => {
        await Promise.all(done)
        return session.query(text, values)
      },
    }
    const error = await t.throwsAsync<BulkError>(
      new TaskClient(hooked).cancelAll(
        consumer,
        { subject: '>' },
        {
          batchSize: 2,
          pause: 0,
          signal: stop.signal,
          onProgress: (total, bulkId) => {
            bulk = bulkId
            if (total === 4) ways[end]()
          },
        },
      ),
    )
    t.like(error, { ...like, updated: 4, skipped: 0, bulkId: bulk })
    const { updated } = await new TaskClient(db.owner).undoAll(error.bulkId ?? '', { pause: 0 })
    t.is(updated, end === 'refused' ? 0 : 4)
  })
}

test.serial(
  'migrate works with converters of the application and a client that renames columns, and changes no setting',
  async (t) => {
    const client = await openSession(t, db.owner)
    await client.query("set timezone to 'Pacific/Apia'; set datestyle to 'SQL, DMY'; set search_path to pg_temp")
    const query = client.query.bind(client) as (text: string, values?: unknown[]) => Promise<pg.QueryResult<Row>>
    const renaming = Object.assign(Object.create(client) as pg.ClientBase, {
      query: async (text: string, values?: unknown[]) => {
        const result = await query(text, values)
        return { ...result, rows: result.rows.map(renamed) }
      },
    })
    const settings = async () =>
      (await client.query<Row>("select name, setting from pg_settings where source = 'session' order by name")).rows
    const before = await settings()
    await withConverters(
      (oid) => {
        setTypeParser(oid, (text) => ({ text }))
      },
      async () => {
        t.is((await migrate({ database: renaming, schema: 'renamed' })).length, 3)
      },
    )
    t.deepEqual(await settings(), before)
    // What was recorded is a time in UTC, whatever the zone of either session.
    const { migrations } = await installationStatus(client, 'renamed')
    for (const { appliedAt } of migrations) t.true(Math.abs(Number(appliedAt) - Date.now()) < 3_600_000, String(appliedAt))
  },
)

/** What all reading methods return. */
async function seen(tasks: TaskClient, consumer: string) {
  const found = await tasks.find(consumer)
  const ids = found.map(({ eventId }) => eventId)
  const filter = { createdAfter: new Date(999), createdBefore: new Date('2200-01-01') }
  const explained = (await tasks.explain(consumer, [...ids, 'none'])).map(({ why, ...rest }) => ({ ...rest, why: why !== '' }))
  return {
    found,
    explained,
    counts: [await tasks.count(consumer), await tasks.count(consumer, filter)],
    stats: await tasks.stats(consumer),
    preview: await tasks.preview('resume', consumer),
    operations: await tasks.operations(consumer),
    batches: await tasks.operations(consumer, { batches: true, withEventIds: false }),
  }
}

/** A session that is closed when the tests are done. Settings of sessions can't go through PgBouncer. */
async function connect(config: pg.ClientConfig = {}): Promise<Queryable> {
  const client = new pg.Client({ connectionString: db.ownerUrl, ...config })
  client.on('error', () => undefined)
  await client.connect()
  sessions.push(client)
  return client
}
const sessions: pg.Client[] = []
test.after.always(() => Promise.all(sessions.map((client) => client.end())))

type Row = Record<string, unknown>

function renamed(row: Row): Row {
  const camelCase = (name: string) => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
  return Object.fromEntries(Object.entries(row).map(([key, value]) => [camelCase(key), value]))
}

/** Leaves the converters of node-postgres as they were. */
async function withConverters(set: ((oid: number) => void) | undefined, work: () => Promise<void>): Promise<void> {
  const before = types.map((oid) => [oid, getTypeParser(oid)] as const)
  const int8s = pg.defaults.parseInt8
  try {
    if (set) types.forEach(set)
    await work()
  } finally {
    for (const [oid, parser] of before) setTypeParser(oid, parser)
    pg.defaults.parseInt8 = int8s
  }
}
