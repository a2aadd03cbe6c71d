import { refusal, textsArgument, type Argument } from './arguments.ts'
import { InvalidArgumentError } from './errors.ts'
import type { FailedTask, HeldTask } from './types.ts'

/** The ids and attempts of tasks that a worker holds. */
export function heldArguments(tasks: readonly HeldTask[]): Record<string, Argument> {
  if (!Array.isArray(tasks)) throw refusal('tasks', tasks, 'an array of tasks that pull returned')
  // Not map, which passes over holes. Callers without types may pass anything.
  const held = Array.from(tasks as readonly (Partial<HeldTask> | null | undefined)[])
  const attempts = held.map((task, index) => {
    if (typeof task?.eventId === 'string' && Number.isInteger(task.attempt)) return task.attempt
    throw new InvalidArgumentError(`tasks[${index}] has no eventId and attempt`, { hint: 'Pass a task that pull returned' })
  })
  return {
    event_ids: textsArgument(
      'tasks',
      held.map((task) => task?.eventId),
      'event_ids',
    ),
    attempts: { type: 'pg_catalog.int4[]', text: `{${attempts.join(',')}}` },
  }
}

/** The arguments that report failures. */
export function failedArguments(tasks: readonly FailedTask[]): Record<string, Argument> {
  const args = heldArguments(tasks)
  const failures = tasks.map(({ error }, index) => {
    if (error === undefined || error === null) throw refusal(`tasks[${index}].error`, error, 'an Error or a text')
    return failureOf(error)
  })
  return {
    ...args,
    errors: textsArgument(
      'errors',
      failures.map(({ message }) => message),
    ),
    stacks: textsArgument(
      'stacks',
      failures.map(({ stack }) => stack),
    ),
  }
}

/** What KanthorQ stores of a failure. */
export interface Failure {
  message: string
  stack: string
}

/** Whatever a handler throws is reported: KanthorQ wants some text. */
export function failureOf(error: unknown): Failure {
  return { message: storable(messageOf(error)), stack: storable(stackOf(error)) }
}

function messageOf(error: unknown): string {
  const { message, name } = (typeof error === 'object' && error ? error : {}) as { message?: unknown; name?: unknown }
  const said = [message, name].find((text) => typeof text === 'string' && text !== '')
  return typeof said === 'string' ? said : textOf(error)
}

function stackOf(error: unknown): string {
  const { stack } = (typeof error === 'object' && error ? error : {}) as { stack?: unknown }
  return typeof stack === 'string' ? stack : ''
}

function textOf(value: unknown): string {
  try {
    return String(value) || 'failed'
  } catch {
    return 'failed'
  }
}

/** Without what PostgreSQL can't store. */
function storable(text: string): string {
  return text.replace(/\0|\p{Surrogate}/gu, '\ufffd')
}
