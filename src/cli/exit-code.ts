/** What the program says to the shell. */
export const exitCode = {
  done: 0,
  failed: 1,
  /** The command can't be obeyed as it is written. */
  usage: 2,
  /** There was nothing to show, or nothing to move. */
  nothing: 3,
  /** Ctrl-C. */
  interrupted: 130,
} as const

export type ExitCode = (typeof exitCode)[keyof typeof exitCode]
