/** An error that one of the stored functions raised. Whatever the call was to do, nothing has changed. */
export class KanthorqError extends Error {
  override readonly name: string = 'KanthorqError'
  /** The SQLSTATE, `KQ001` to `KQ004`. */
  readonly code: string
  /** What to do about it. It is part of the message too. */
  readonly hint: string | undefined

  /** @param cause - the error that node-postgres threw */
  constructor(cause: DatabaseErrorLike) {
    super(cause.hint === undefined ? cause.message : `${cause.message}. ${cause.hint}`, { cause })
    this.code = cause.code
    this.hint = cause.hint
  }
}

/** KQ001: there is no such consumer or stream. */
export class NotFoundError extends KanthorqError {
  override readonly name = 'NotFoundError'
}

/** KQ002: the registry names the consumer or stream, but its table is gone. */
export class BrokenConsumerError extends KanthorqError {
  override readonly name = 'BrokenConsumerError'
}

/** KQ003: an argument is not what the function takes; the message says which, and why. */
export class InvalidArgumentError extends KanthorqError {
  override readonly name = 'InvalidArgumentError'
}

/** KQ004: there is no such operation, or it can't be undone. */
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
 * The error class that belongs to the SQLSTATE of `error`; every other error comes back as it is.
 *
 * Looks at `code` and not at the class: an application may have another copy of node-postgres than ours.
 */
export function fromDatabaseError(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string')
    return error
  const Class = classes.get(error.code)
  return Class === undefined ? error : new Class(error as DatabaseErrorLike)
}
