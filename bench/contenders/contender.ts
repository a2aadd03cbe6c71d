/** The two transitions. */
export const actions = ['cancel', 'resume'] as const

/** One of them. */
export type Action = (typeof actions)[number]

/** Where contenders take tasks from, and where these are put back outside of what is timed. */
export interface Store {
  /** Ids of that many tasks that can be cancelled, in random order. */
  pick(count: number): Promise<string[]>
  /** Makes them what they were, and vacuums. */
  putBack(ids: readonly string[]): Promise<void>
}

/** One way to cancel and resume tasks, by a session of its own. */
export interface Contender {
  readonly name: string
  readonly store: Store
  /** Moves the tasks and commits; returns how many it moved. Resume is asked for tasks that it has cancelled. */
  readonly call: (action: Action, ids: readonly string[]) => Promise<number>
  close(): Promise<void>
}
