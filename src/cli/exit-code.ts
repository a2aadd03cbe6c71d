/** The exit codes of the program. */
export const exitCode = {
  done: 0,
  failed: 1,
  /** The command line is invalid. */
  usage: 2,
  /** Nothing matched. */
  nothing: 3,
  /** Ctrl-C. */
  interrupted: 130,
} as const

export type ExitCode = (typeof exitCode)[keyof typeof exitCode]
