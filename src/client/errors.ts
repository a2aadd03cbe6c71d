/** An error that one of the stored functions raised. The failed call changed nothing. */
export class KanthorqError extends Error {
  override readonly name: string = 'KanthorqError'
  /** The SQLSTATE, `KQ001` to `KQ004`. */
  readonly code: string
  /** What to do about it. The message includes it. */
  readonly hint: string | undefined

  /** @param cause - the error of node-postgres */
  constructor(cause: DatabaseErrorLike) {
    super(cause.hint === undefined ? cause.message : `${cause.message}. ${cause.hint}`, { cause })
    this.code = cause.code
    this.hint = cause.hint
  }
}

/** KQ001: no consumer or stream has this name. */
export class NotFoundError extends KanthorqError {
  override readonly name = 'NotFoundError'
}

/** KQ002: the registry names the consumer or stream, but its table is missing or unusable. */
export class BrokenConsumerError extends KanthorqError {
  override readonly name = 'BrokenConsumerError'
}

/** KQ003: an argument is invalid. The message names it and says why. */
export class InvalidArgumentError extends KanthorqError {
  override readonly name = 'InvalidArgumentError'
}

/** KQ004: the operation does not exist or can't be undone. */
export class OperationError extends KanthorqError {
  override readonly name = 'OperationError'
}

const classes = new Map<string, typeof KanthorqError>([
  ['KQ001', NotFoundError],
  ['KQ002', BrokenConsumerError],
  ['KQ003', InvalidArgumentError],
  ['KQ004', OperationError],
])

interface DatabaseErrorLike extends Error {
  code: string
  hint?: string | undefined
}

/**
 * Converts an error with one of our SQLSTATEs into its error class. Returns any other error unchanged.
 *
 * It tests `code`, not the class: an application may load another copy of node-postgres than this package does.
 */
export function fromDatabaseError(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return error
  const Class = classes.get(error.code)
  return Class === undefined ? error : new Class(error as DatabaseErrorLike)
}
