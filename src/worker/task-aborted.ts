/** Why the signal of a task was aborted. */
export type AbortReason = 'cancelled' | 'lease lost' | 'timeout' | 'stopping'

const messages: Record<AbortReason, string> = {
  cancelled: 'the task was cancelled, or another call ended its attempt',
  'lease lost': 'the lease of the task has run out',
  timeout: 'the handler takes too long',
  stopping: 'the worker stops',
}

/** The reason of a task's aborted signal. */
export class TaskAborted extends Error {
  override readonly name = 'TaskAborted'
  /**
   * - `cancelled`: a call ended the attempt while the worker had its lease
   * - `lease lost`: the lease has run out, and another worker may have the task
   * - `timeout`: the handler took longer than the worker's `timeout`; the task fails
   * - `stopping`: the worker stops; the task is given back if the handler fails or goes on. A handler that throws this itself gives its
   *   task back, too, and another worker gets it at once
   */
  readonly why: AbortReason

  constructor(why: AbortReason) {
    super(messages[why])
    this.why = why
  }
}
