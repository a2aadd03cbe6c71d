import type { Explanation } from '../client/types.ts'
import type { Database } from './database.ts'

/** The characters of a sentence that contains an error. */
const maxWhy = 500

const columns = `event_id, state, can_cancel, can_resume, can_discard, next_run_at,
  left(why, ${maxWhy}) || case when length(why) > ${maxWhy} then '…' else '' end as why`

/** Explains tasks, with `running` as if cancel took running ones too. A sentence ends early where it contains a long error. */
export async function explain(
  db: Database,
  consumer: string,
  ids: readonly string[],
  running?: boolean,
): Promise<Explanation[]> {
  return db.rows<Explanation>({ name: 'kanthorq_task_explain', args: { consumer, event_ids: ids, running }, columns })
}
