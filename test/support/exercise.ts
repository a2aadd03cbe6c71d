import type { ExecutionContext } from 'ava'
import type pg from 'pg'
import { dumpedTasks } from './kanthorq-dump.ts'

/**
 * Cancels, undoes and resumes the tasks that KanthorQ left (test/fixtures/kanthorq-go.sql), as a role that is an operator only
 * once the owner has made it one, and looks at the log of that.
 *
 * @param operator - logged in as the role `role`
 */
export async function exercise(t: ExecutionContext, owner: pg.Client, operator: pg.Client, role: string): Promise<void> {
  const { rows } = await owner.query<{ id: string }>(`select event_id as id from ${dumpedTasks}`)
  const ids = rows.map(({ id }) => id)
  const move = async (call: string, argument: unknown) => {
    const result = await operator.query<{ updated: string[]; noop: string[] }>(`select * from ${call}`, [argument])
    const { updated = [], noop = [] } = result.rows[0] ?? {}
    return [updated.length, noop.length]
  }

  const cancel = "kanthorq_task_cancel('send_email', $1, 'INC-42')"
  await t.throwsAsync(move(cancel, ids), { message: /permission denied for function/ })
  await owner.query("select kanthorq_grant($1, 'operator')", [role])
  t.deepEqual(await move(cancel, ids), [8, 20])
  const [cancelled] = await log(operator)
  t.deepEqual(await move('kanthorq_task_undo($1)', cancelled?.id), [8, 0])
  t.deepEqual(await move("kanthorq_task_resume('send_email', $1)", ids), [6, 22])

  const expected = [
    { action: 'resume', actor: role, reason: null, undoes: null, tasks: '6' },
    { action: 'undo', actor: role, reason: null, undoes: cancelled?.id, tasks: '8' },
    { action: 'cancel', actor: role, reason: 'INC-42', undoes: null, tasks: '8' },
  ]
  t.like(await log(operator), expected)
}

/** The log, newest first. */
export async function log(client: pg.Client): Promise<{ id: string }[]> {
  return (await client.query<{ id: string }>('select * from kanthorq_task_operations()')).rows
}
