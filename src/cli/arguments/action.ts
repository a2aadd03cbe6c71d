import type { TaskState } from '../../client/types.ts'

/** What the program can do to tasks. */
export type Action = 'cancel' | 'resume' | 'discard'

interface ActionFacts {
  /** The states that it takes tasks from; of the running ones, discard takes those that are stuck. */
  takes: readonly TaskState[]
  /** What the tasks are afterwards. */
  done: string
  /** The property of an explanation that says whether it would take the task. */
  can: 'canCancel' | 'canResume' | 'canDiscard'
}

/** What the program says of its actions before it does them. What they really take is up to the stored functions. */
export const actions: Record<Action, ActionFacts> = {
  cancel: { takes: ['pending', 'available', 'retryable'], done: 'cancelled', can: 'canCancel' },
  resume: { takes: ['discarded', 'cancelled'], done: 'resumed', can: 'canResume' },
  discard: { takes: ['running'], done: 'discarded', can: 'canDiscard' },
}
