import test from 'ava'
import type { ReasonOptions, ResumeOptions, TaskClient, TaskState } from 'kanthorq-tasks'
import { useDatabase } from '../support/database.ts'

const db = useDatabase(test)

const states = [
  'discarded',
  'cancelled',
  'pending',
  'available',
  'running',
  'completed',
  'retryable',
] as const satisfies readonly TaskState[]

// What the compiler has to find true: `npm run typecheck` is the test.
export const everyState: TaskState extends (typeof states)[number] ? true : false = true

// What it has to refuse. Never called.
export function refused(tasks: TaskClient) {
  const reasonOptions: ReasonOptions = { reason: 'INC-42' }
  const resumeOptions: ResumeOptions = { ...reasonOptions, scheduleAt: new Date() }
  // @ts-expect-error cancel has no schedule
  void tasks.cancel('send_email', [], { scheduleAt: new Date() })
  // @ts-expect-error a misspelt option
  void tasks.resume('send_email', [], { resetAttempt: true })
  // @ts-expect-error times are Dates, never epoch numbers
  void tasks.resume('send_email', [], { scheduleAt: 1700000000000 })
  // @ts-expect-error event ids are strings
  void tasks.cancel('send_email', [42])
  // @ts-expect-error no id is null
  void tasks.cancel('send_email', [null])
  // @ts-expect-error one id is not a list of ids
  void tasks.cancel('send_email', 'event_01')
  // @ts-expect-error a consumer is named by its name, not by its id
  void tasks.cancel({ id: 'consumer_01' }, [])
  return resumeOptions
}

test('the states are those that the database knows', async (t) => {
  const { rows } = await db.owner.query<{ name: string }>('select name from _kanthorq_task_states() order by code')
  t.deepEqual(
    rows.map((row) => row.name),
    [...states],
  )
})
