/** A command that can't be obeyed as it is written; the message says what to write instead. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** There is nothing that a command could be about. */
export class NothingError extends Error {
  override readonly name = 'NothingError'
}
