/** A queue with its tasks, and a worker of it. */
export interface Queue {
  /** Puts this many tasks into it, as fast as can be. */
  fill(tasks: number): Promise<void>
  /** Publishes tasks, as an application does, whose body is now. */
  publish(tasks: number): Promise<void>
  /** Gives it that many finished tasks; undefined if it keeps none. */
  finish: ((tasks: number) => Promise<void>) | undefined
  /** Starts a worker. Returns what stops it. */
  work(concurrency: number, handle: Handle): Promise<() => Promise<void>>
  close(): Promise<void>
}

/** What is done with a task. */
export type Handle = (published: number) => Promise<void>
