import { isDeepStrictEqual } from 'node:util'
import pg from 'pg'
import type { TestDatabase } from '../support/database.ts'
import { only } from '../support/scene.ts'
import type { Arguments, Parameter, Routine } from './hostile-calls.ts'

/** What is wrong, if anything is. */
export type Complaint = string | undefined

/** An error has to be one of ours, short, and say what to do; where one argument is to blame, it has to say which. */
export function wrongError(error: unknown, parameter?: Parameter, value = ''): Complaint {
  if (!(error instanceof pg.DatabaseError)) throw error
  const { code, message, hint, detail = '' } = error
  if (!/^KQ00[1-4]$/.test(code ?? '')) return `${code ?? ''} is not ours: ${message.slice(0, 200)}`
  if (hint === undefined || hint === '') return `no hint: ${message.slice(0, 200)}`
  for (const text of [message, hint, detail]) {
    if (text.length > 500) return `${text.length} characters: ${text.slice(0, 200)}`
  }
  const blamed = parameter === undefined || names(message, parameter, value)
  if (!blamed && !hint.includes(`${parameter.name} =>`)) {
    return `neither ${parameter.name} nor its value is in: ${message}`
  }
  return undefined
}

/** Quotes and backslashes may be doubled in a message, and only the beginning of a long value be there. */
function names(message: string, { name }: Parameter, value: string): boolean {
  const plain = (text: string) => text.replace(/['"\\]/g, '')
  const singular = name.replace(/_id$|s$/, '')
  return message.includes(singular) || plain(message).includes(plain(value).slice(0, 20))
}

/**
 * What is wrong with a call that went well. What a viewer may call changes nothing. What an operator may call changes tasks
 * and the log only, and logs exactly the tasks that it changes. What is returned tells exactly that.
 *
 * @param changed - the tables that are not as they were
 */
export async function wrongOutcome(
  db: TestDatabase,
  routine: Routine,
  args: Arguments,
  rows: readonly Readonly<Record<string, unknown>>[],
  changed: readonly string[],
): Promise<Complaint> {
  const { level, stable } = routine
  if (level === 'viewer' || stable) {
    if (changed.length > 0) return `it reads, and changed ${changed.join()}`
  } else if (level === 'operator') {
    const other = changed.filter((part) => !/^kanthorq_(consumer_01|task_operation)/.test(part))
    if (other.length > 0) return `it changed ${other.join()}`
  }
  const { ids, moved, logged } = only(
    await db.owner.query<{ ids: string[]; moved: string[]; logged: string[] }>(
      `select hostile.changed() as moved, hostile.logged() as logged, array(
         select u.id from unnest((${args['event_ids'] ?? 'null'})::text[]) with ordinality u (id, n)
         group by u.id order by min(u.n)
       ) as ids`,
    ),
  )
  if (level === 'operator' && !isDeepStrictEqual(moved, logged))
    return `changed: ${String(moved)}; in the log: ${String(logged)}`

  const takesIds = routine.parameters.some(({ name }) => name === 'event_ids')
  for (const { updated, noop } of rows) {
    if (Array.isArray(updated)) {
      const expected = takesIds ? ids.filter((id) => moved.includes(id)) : moved
      const got: unknown[] = takesIds ? updated : updated.toSorted()
      if (!isDeepStrictEqual(got, expected)) return `updated: ${String(got)}, not ${String(moved)}`
      const rest = ids.filter((id) => !moved.includes(id))
      if (!isDeepStrictEqual(noop, rest)) return `noop: ${String(noop).slice(0, 500)}`
    } else if (typeof updated === 'string' && Number(updated) !== logged.length) {
      return `updated: ${updated}, not ${logged.length}`
    }
  }
  const got = rows.map((row) => row['event_id'])
  if (takesIds && got[0] !== undefined) {
    const expected = ids.filter((id) => got.includes(id))
    if (!isDeepStrictEqual(got, expected)) return `event_id: ${String(got)}`
  }
  return changed.length > 0 ? unreadable(db) : undefined
}

/** After a change, all tasks can still be read. */
async function unreadable(db: TestDatabase): Promise<Complaint> {
  try {
    await db.owner.query("select kanthorq_task_find('send_email'), kanthorq_task_stats()")
    await db.owner.query(
      "select kanthorq_task_explain('send_email', (select array_agg(id) from hostile.task))",
    )
  } catch (error) {
    return `afterwards the tasks can't be read: ${String(error)}`
  }
  return undefined
}
