import type { AbortReason } from './task-aborted.ts'
import type { Job } from './job.ts'
import type { WorkerTask } from './types.ts'

/** A task that the worker holds. */
export class Held {
  readonly task: WorkerTask
  /** `gone` is lost, or reported. */
  state: 'waiting' | 'running' | 'reporting' | 'gone' = 'waiting'
  /** When the lease ends, by `performance.now()`. */
  leaseEnd: number
  /** When it came. */
  readonly since = performance.now()
  job: Job | undefined
  aborted: AbortReason | undefined
  /** It is to be due at once, so its lease is extended no more. */
  isGivenBack = false

  constructor(task: WorkerTask, leaseEnd: number) {
    this.task = task
    this.leaseEnd = leaseEnd
  }

  get eventId(): string {
    return this.task.eventId
  }

  get attempt(): number {
    return this.task.attempt
  }
}
