import type { Explanation } from '../client/types.ts'
import type { Database } from './database.ts'
import { cutOff } from './terminal/format.ts'

/** The characters of a sentence that contains an error. */
const maxWhy = 500

// One character more shows that it was cut. The sign for that is not one of every encoding that a server may have.
const columns = `event_id, state, can_cancel, can_resume, can_discard, next_run_at, left(why, ${maxWhy + 1}) as why`

/** Explains tasks, with `running` as if cancel took running ones too. A sentence ends early where it contains a long error. */
export async function explain(
  db: Database,
  consumer: string,
  ids: readonly string[],
  running?: boolean,
): Promise<Explanation[]> {
  const explanations = await db.rows<Explanation>({
    name: 'kanthorq_task_explain',
    args: { consumer, event_ids: ids, running },
    columns,
  })
  return explanations.map((explanation) => ({ ...explanation, why: cutOff(explanation.why, maxWhy) }))
}
