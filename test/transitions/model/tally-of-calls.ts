// Counts what calls did to tasks and why they left others alone.
import type { Run } from './run.ts'
import { hasAttemptsLeft, isDue, type ModelConsumer } from './task.ts'
import { transitions, type Action } from './transitions.ts'

/** Of a call that is about to be made on the model. */
export function countLeft(
  { tally, consumers }: Run,
  consumer: ModelConsumer,
  action: Action,
  ids: readonly string[],
  now: number,
): void {
  if (new Set(ids).size < ids.length) tally.add('an id was given twice')
  for (const id of new Set(ids)) {
    const task = consumer.tasks.get(id)
    if (task === undefined) {
      const isOthers = consumers.some(({ tasks }) => tasks.has(id))
      tally.add(`${action} left a task ${isOthers ? 'of another consumer' : 'that nobody knows'}`)
    } else if (!transitions[action].from.includes(task.state)) {
      tally.add(`${action} left a task in another state`)
    } else if (action === 'discard') {
      if (!isDue(task, now)) tally.add('discard left a task that is not due')
      if (hasAttemptsLeft(task, consumer)) tally.add('discard left a task with attempts left')
    }
  }
}

/** Of the operations that have just been made on the model, and not been compared yet. */
export function countMoves({ log, tally }: Run, consumer: ModelConsumer): void {
  const kind =
    consumer.name === 'partitioned'
      ? 'in a partition'
      : `${consumer.hasIndex ? 'with' : 'without'} an index`
  for (const { action, at, changes } of log.filter(({ id }) => id === '')) {
    for (const { before, after } of changes) {
      tally.add(`a task ${kind} moved`)
      if (before.updated_at >= at) tally.add('a call found updated_at ahead of the clock')
      if (action !== 'resume') continue
      if (after.attempt_count === 0 && before.attempt_count > 0)
        tally.add('resume gave all attempts back')
      else if (after.attempt_count < before.attempt_count) tally.add('resume left one attempt')
      if (after.schedule_at !== at) tally.add('resume took a time of its own')
    }
  }
}
