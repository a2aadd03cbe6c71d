// The purges, as procedures that commit each batch, beside other sessions, and by the client.
import test from 'ava'
import { TaskClient } from 'kanthorq-tasks'
import { useDatabase } from '../support/database.ts'
import { makeConsumer, makeTasks, only, statesOf, storedTasks, taskTable } from '../support/scene.ts'
import { openSession, processOf, untilBlocked } from '../support/sessions.ts'

const db = useDatabase(test)
const all = "'{completed,cancelled,discarded}'"

/** A consumer that has read all of its events, with a task of this state for each. */
async function finished(name: string, states: ('completed' | 'discarded')[]) {
  const consumer = await makeConsumer(db, name)
  const ids = await makeTasks(db, consumer, states)
  await db.owner.query("select test.update($1, 'finalized_at = 5000')", [consumer])
  await db.owner.query('update kanthorq_consumer_registry set cursor = $2 where name = $1', [consumer, ids.at(-1)])
  return { consumer, ids }
}

interface Purged {
  purged: string
  skipped: string
  kept: object
  bulk_id: string | null
}

test.serial('the procedures delete in committed batches, each with a row in the log, and refuse a transaction', async (t) => {
  const session = await openSession(t, db.pool)
  const { consumer } = await finished('in_batches', Array<'completed'>(5).fill('completed'))
  for (const [call, what] of [
    [`kanthorq_task_purge('${consumer}', now()`, 'tasks'],
    [`kanthorq_event_purge('${consumer}_stream', now() + interval '1 s'`, 'events'],
  ] as const) {
    const notices: string[] = []
    const listener = ({ message = '' }) => notices.push(message)
    session.on('notice', listener)
    const run = async (more = '') => only(await session.query<Purged>(`call ${call}${more})`))
    t.like(await run(', preview => true'), { purged: '5', bulk_id: null })
    const { bulk_id, ...result } = await run(
      ", batch_size => 2, max_tasks => 4, pause => '0', reason => 'old'".replace('tasks', what),
    )
    t.like(result, { purged: '4', skipped: '0' })
    session.off('notice', listener)
    const name = what === 'tasks' ? consumer : `${consumer}_stream`
    t.deepEqual(notices, [
      `purge ${name}: it would delete 5 ${what}`,
      `purge ${name}: 2 ${what} so far`,
      `purge ${name}: 4 ${what} deleted; autovacuum, or VACUUM, frees their room for new rows`,
    ])
    const operations = await new TaskClient(db.owner).operations(name, { batches: true })
    t.like(operations, [
      { tasks: 2, bulkId: bulk_id, reason: 'old' },
      { tasks: 2, reason: 'old', eventIds: [] },
    ])
    t.not(operations[0]?.transactionId, operations[1]?.transactionId)
    await session.query('begin')
    await t.throwsAsync(run(), { code: '25001' })
    await session.query('rollback')
  }
})

test.serial('a purge skips a task that a resume holds, and a resume that comes later finds nothing', async (t) => {
  const [purger, operator] = [await openSession(t, db.pool), await openSession(t, db.pool)]
  const { consumer, ids } = await finished('raced', ['discarded', 'discarded', 'discarded'])
  const [first = '', second = '', third = ''] = ids
  const purge = `select purged, skipped from kanthorq_task_purge_batch('${consumer}', now(), ${all}, max_tasks => 2)`
  await operator.query('begin')
  await new TaskClient(operator).resume(consumer, [first])
  await purger.query('begin')
  t.deepEqual(only(await purger.query(purge)), { purged: '1', skipped: '1' })
  await operator.query('commit')
  const waiting = await processOf(operator)
  const late = new TaskClient(operator).resume(consumer, [second, third])
  await untilBlocked(db.owner, [waiting])
  await purger.query('commit')
  t.deepEqual(await late, { updated: [third], noop: [second] })
  t.deepEqual(await statesOf(db, consumer, ids), ['running', undefined, 'running'])
})

test.serial('a purge with an archive keeps all of a row or deletes nothing', async (t) => {
  const { consumer } = await finished('archived', ['completed', 'completed'])
  const before = await storedTasks(db, consumer)
  await db.owner.query(`
    create table full_archive (like ${await taskTable(db, consumer)});
    alter table full_archive add check (event_id < '${[...before.keys()][1] ?? ''}')`)
  await t.throwsAsync(
    db.pool.query("call kanthorq_task_purge($1, now(), archive => 'full_archive', batch_size => 1, pause => '0')", [consumer]),
    { code: '23514' },
  )
  const { rows } = await db.owner.query<{ event_id: string }>('select event_id from full_archive')
  t.deepEqual([...rows.map((row) => row.event_id), ...(await storedTasks(db, consumer)).keys()], [...before.keys()])
})

test.serial('the client purges in batches, and counts what it would', async (t) => {
  const { consumer } = await finished('by_client', ['completed', 'discarded', 'completed'])
  const tasks = new TaskClient(db.pool)
  const before = new Date()
  t.deepEqual(await tasks.purgeTasks(consumer, before, { preview: true, states: ['completed', 'discarded'] }), {
    ...{ purged: 3, skipped: 0, kept: {}, bulkId: null },
  })
  const totals: number[] = []
  const options = { batchSize: 1, pause: 0, onProgress: (total: number) => totals.push(total), reason: 'old' }
  const { bulkId, ...result } = await tasks.purgeTasks(consumer, before, options)
  t.deepEqual(result, { purged: 2, skipped: 0, kept: {} })
  t.deepEqual(totals, [1, 2])
  t.like(await tasks.operations(consumer), [{ id: bulkId, action: 'purge', tasks: 2, fromStates: { completed: 2 } }])
  await t.throwsAsync(tasks.undoAll(bulkId ?? ''), { message: /is a purge/ })

  const stream = `${consumer}_stream`
  const soon = new Date(Date.now() + 1000)
  t.deepEqual((await tasks.purgeEvents(stream, soon, { preview: true })).kept, {
    'by_client has a task of it that is not completed': 1,
  })
  t.like(await tasks.purgeEvents(stream, soon), { purged: 2, skipped: 0 })
})
