import type pg from 'pg'
import { callProcedure } from '../../support/bulk.ts'
import { only } from '../../support/scene.ts'
import { isSerializationFailure } from './operator.ts'
import type { Race } from './race.ts'
import type { Random } from '../../support/random.ts'

/** Calls the procedures that commit each batch, and looks between the calls how many sessions wait for a lock. */
export async function runBulkOperator(
  race: Race,
  session: pg.PoolClient,
  random: Random,
  name: string,
): Promise<void> {
  if (race.isolation !== undefined)
    await session.query(`set default_transaction_isolation to '${race.isolation}'`)
  for (let n = 1; race.goesOn(); n++) {
    const reason = `bulk operator ${name}, call ${n}`
    const action = random.pick(['cancel', 'resume', 'discard'])
    const resets = action === 'resume' ? ', reset_attempts => true' : ''
    const call = `kanthorq_task_${action}_all('${race.consumer}', everything => true, batch_size => 10, max_tasks => 50, reason => '${reason}'${resets})`
    // It is told of each batch that is committed.
    let operations = 0
    try {
      const { updated } = await callProcedure(session, call, (notices) => (operations = notices))
      race.calls.push({ reason, operations, updated })
    } catch (error) {
      if (!isSerializationFailure(error)) throw error
      race.calls.push({ reason, operations })
      race.retries += 1
    }
    race.waiting.push(only(await session.query<{ waiting: number }>(waitingSessions)).waiting)
  }
}

const waitingSessions = `
  select count(*)::integer as waiting
  from pg_locks l join pg_stat_activity a on a.pid = l.pid
  where not l.granted and a.datname = current_database()`
