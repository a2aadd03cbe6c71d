import { isDeepStrictEqual } from 'node:util'
import pg from 'pg'
import type { TestDatabase } from '../support/database.ts'
import type { Parameter, Routine } from './hostile-calls.ts'
import { only } from '../support/scene.ts'

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

const tasksAndLog = ['kanthorq_consumer_01', 'kanthorq_task_operation']

/** What a call that went well may have changed, by the beginnings of the parts' names. */
const changes: Readonly<Record<string, readonly string[]>> = {
  kanthorq_task_all: tasksAndLog,
  kanthorq_task_batch: tasksAndLog,
  kanthorq_task_cancel: tasksAndLog,
  kanthorq_task_cancel_all: tasksAndLog,
  kanthorq_task_discard: tasksAndLog,
  kanthorq_task_discard_all: tasksAndLog,
  kanthorq_task_resume: tasksAndLog,
  kanthorq_task_resume_all: tasksAndLog,
  kanthorq_task_undo: tasksAndLog,
  kanthorq_task_convert: ['kanthorq_consumer_01'],
  kanthorq_task_operation_purge: ['kanthorq_task_operation'],
  kanthorq_stream_publish: ['kanthorq_stream_01'],
  kanthorq_stream_register: ['kanthorq_stream_', 'tables'],
  kanthorq_consumer_register: ['kanthorq_stream_', 'kanthorq_consumer_', 'tables'],
  kanthorq_grant: ['grants'],
  kanthorq_revoke: ['grants'],
}

/** Only so much may have changed. */
export function wrongChange({ name }: Routine, changed: readonly string[]): Complaint {
  const allowed = changes[name] ?? []
  const other = changed.filter((part) => !allowed.some((beginning) => part.startsWith(beginning)))
  return other.length > 0 ? `it changed ${other.join()}` : undefined
}

/** After a change, whoever moved tasks has to be in the log, and all tasks can still be read. */
export async function wrongBooks(db: TestDatabase): Promise<Complaint> {
  const { changed, logged } = only(
    await db.owner.query<{ changed: string[]; logged: string[] }>(
      'select hostile.changed() as changed, hostile.logged() as logged',
    ),
  )
  if (!isDeepStrictEqual(changed, logged)) {
    return `changed: ${String(changed)}; in the log: ${String(logged)}`
  }
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
