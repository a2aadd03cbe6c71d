import type { Tasks } from '../tasks.ts'

/** What an UPDATE of one action is made of. Its `$1` is now, in epoch milliseconds. */
export interface Statement {
  action: 'cancel' | 'resume'
  /** What KanthorQ assigns; for resume, which knows no times, `$1` is 0. */
  kanthorq: string
  /** What our functions assign. */
  assignments: string
  /** Which states it takes, as KanthorQ says it. */
  states: string
  /** The same, but so that no index on the state can serve: what goes by id should go by the table's key. */
  statesByKey: string
  /** The columns that our log keeps the former values of. */
  logged: readonly string[]
}

/** Cancel and resume as plain SQL about a table of tasks. */
export function statements({ codes }: Tasks): readonly [cancel: Statement, resume: Statement] {
  const from = {
    cancel: [codes.pending, codes.available, codes.retryable].join(', '),
    resume: [codes.discarded, codes.cancelled].join(', '),
  }
  return [
    {
      action: 'cancel',
      kanthorq: `state = ${codes.cancelled}, finalized_at = $1`,
      assignments: `state = ${codes.cancelled}, finalized_at = $1, updated_at = $1`,
      states: `state in (${from.cancel})`,
      statesByKey: `state::integer in (${from.cancel})`,
      logged: ['state', 'updated_at'],
    },
    {
      action: 'resume',
      kanthorq: `state = ${codes.running}, finalized_at = $1`,
      assignments: `state = ${codes.running}, finalized_at = 0, schedule_at = $1, updated_at = $1,
        attempt_count = least(attempt_count, 16)`,
      states: `state in (${from.resume})`,
      statesByKey: `state::integer in (${from.resume})`,
      logged: ['state', 'updated_at', 'schedule_at', 'finalized_at', 'attempt_count'],
    },
  ]
}
