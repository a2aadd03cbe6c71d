import { setTimeout } from 'node:timers/promises'
import type { UndoAllOptions } from './options.ts'
import type { BulkResult } from './types.ts'

/** The longest pause between batches, in milliseconds. */
export const day = 86_400_000

/** What one batch of a bulk call returns. */
export interface Batch {
  /** Opaque; null after the last batch. */
  progress: string | null
  updated: number
  skipped: number
  total: number
  bulkId: number | string | null
}

/**
 * Runs batches until the progress is null.
 *
 * @param next - runs a batch, given the progress of the previous one
 * @throws what failed, with the result so far as properties
 */
export async function inBatches(
  next: (progress: string | undefined) => Promise<Batch>,
  { pause, onProgress, signal }: Pick<UndoAllOptions, 'pause' | 'onProgress' | 'signal'>,
): Promise<BulkResult> {
  const result: BulkResult = { updated: 0, skipped: 0, bulkId: null }
  try {
    let progress: string | null | undefined
    let took = 0
    let moved = 0
    while (progress !== null) {
      // Only a signal ends the pause early.
      if (moved > 0) await setTimeout(pause ?? Math.min(2 * took, day), undefined, signal && { signal }).catch(() => undefined)
      if (signal?.aborted) throw new AbortError(signal.reason)
      const start = performance.now()
      const batch = await next(progress)
      took = performance.now() - start
      moved = batch.updated
      progress = batch.progress
      const bulkId = batch.bulkId === null ? null : String(batch.bulkId)
      Object.assign(result, { updated: batch.total, skipped: batch.skipped, bulkId } satisfies BulkResult)
      if (bulkId !== null && moved > 0) onProgress?.(batch.total, bulkId)
    }
    return result
  } catch (error) {
    if (error instanceof Error && Object.isExtensible(error)) Object.assign(error, result)
    throw error
  }
}

/** An error like those of Node.js for an aborted signal, whose reason may belong to several calls. */
class AbortError extends Error {
  override readonly name = 'AbortError'
  readonly code = 'ABORT_ERR'

  constructor(cause: unknown) {
    super('The call was aborted', { cause })
  }
}
