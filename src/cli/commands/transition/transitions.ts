import type { TaskAction, TaskState } from '../../../client/types.ts'

/** How the program describes a transition. The stored functions decide which tasks it takes. */
export const transitions: Record<TaskAction, { takes: readonly TaskState[]; done: string }> = {
  cancel: { takes: ['pending', 'available', 'retryable'], done: 'cancelled' },
  resume: { takes: ['discarded', 'cancelled'], done: 'resumed' },
  discard: { takes: ['running'], done: 'discarded' },
}
