/** What an error may have beside its message. */
export interface KanthorqErrorOptions {
  /** What to do about it. */
  hint?: string | undefined
  /** The error of the driver. */
  cause?: unknown
}

/**
 * An error that one of the stored functions raised, or would have raised: the client refuses what is certainly wrong before
 * it sends anything. The failed call changed nothing.
 */
export class KanthorqError extends Error {
  override readonly name: string = 'KanthorqError'
  /** The SQLSTATE, `KQ001` to `KQ004`. */
  readonly code: string = ''
  /** What to do about it. The message includes it. */
  readonly hint: string | undefined

  constructor(message: string, { hint, cause }: KanthorqErrorOptions = {}) {
    super(hint === undefined ? message : `${message}. ${hint}`, cause === undefined ? undefined : { cause })
    this.hint = hint
  }
}

/** KQ001: no consumer or stream has this name. */
export class NotFoundError extends KanthorqError {
  override readonly name = 'NotFoundError'
  override readonly code = 'KQ001'
}

/** KQ002: the registry names the consumer or stream, but its table is missing or unusable. */
export class BrokenConsumerError extends KanthorqError {
  override readonly name = 'BrokenConsumerError'
  override readonly code = 'KQ002'
}

/** KQ003: an argument is invalid. The message names it and says why. */
export class InvalidArgumentError extends KanthorqError {
  override readonly name = 'InvalidArgumentError'
  override readonly code = 'KQ003'
}

/** KQ004: the operation does not exist or can't be undone. */
export class OperationError extends KanthorqError {
  override readonly name = 'OperationError'
  override readonly code = 'KQ004'
}

/**
 * Converts an error with one of our SQLSTATEs into its error class. Returns any other error unchanged.
 *
 * It tests `code`, not the class: an application may load another copy of the driver, or another driver, than this package.
 * Drizzle has the error of the driver as the cause of its own, Prisma deeper, and Knex puts the statement before the message.
 */
export function fromDatabaseError(error: unknown, statement: string): unknown {
  let inner = error instanceof Error ? (error as Wrapped) : undefined
  for (
    let depth = 0;
    typeof inner === 'object' && depth < 5;
    depth += 1, inner = inner.cause ?? inner.meta?.driverAdapterError
  ) {
    const { code, message, hint } = inner
    const Class = typeof code === 'string' && Object.hasOwn(classes, code) ? classes[code as keyof typeof classes] : undefined
    if (Class) return new Class(message.replace(`${statement} - `, ''), { hint: hint ?? undefined, cause: error })
  }
  return error
}

/** An error, or what a library has inside of one. */
interface Wrapped {
  code?: unknown
  message: string
  hint?: string | null
  cause?: Wrapped
  meta?: { driverAdapterError?: Wrapped }
}

const classes = {
  KQ001: NotFoundError,
  KQ002: BrokenConsumerError,
  KQ003: InvalidArgumentError,
  KQ004: OperationError,
}
