import { setTimeout } from 'node:timers/promises'
import type { Call, Database } from '../../database.ts'

/** How far a call in batches has come. */
export interface Standing {
  updated: number
  skipped: number
  /** The id of the call, for undo; null if it has moved nothing. */
  bulkId: string | null
  /** The number of tasks that matched when the call began; 0 if that is not known. */
  found: number
  /** When the call began. */
  started: Date
}

/** One batch. */
interface Batch {
  /** Opaque; null after the last batch. */
  progress: string | null
  found: string | null
  started: string | null
  updated: string
  skipped: string
  total: string
  bulkId: string | null
}

/** Options of {@link runBatches}. */
export interface BatchOptions {
  /** Milliseconds between two batches; by default twice the duration of the last one, which leaves the server to the workers. */
  pause: number | undefined
  signal: AbortSignal
  onProgress: (standing: Standing) => void
}

/** Calls a function that moves one batch, until its progress is null. The position passes through as text. */
export async function runBatches(
  db: Database,
  { name, args }: Pick<Call, 'name' | 'args'>,
  { pause, signal, onProgress }: BatchOptions,
): Promise<Standing> {
  const id = name === 'kanthorq_task_undo_batch' ? 'undo_bulk_id' : 'bulk_id'
  const updated = name.endsWith('_purge_batch') ? 'purged as updated' : 'updated'
  const columns = `progress::text as progress, (progress).found as found, (progress).started as started, ${updated}, skipped, total, ${id} as bulk_id`
  let standing: Standing = { updated: 0, skipped: 0, bulkId: null, found: 0, started: new Date() }
  let batch: Batch | undefined
  let took = 0
  do {
    signal.throwIfAborted()
    if (batch !== undefined && batch.updated !== '0') await setTimeout(pause ?? 2 * took, undefined, { signal })
    const start = performance.now()
    batch = await db.row<Batch>({ name, args: { ...args, progress: batch?.progress }, columns })
    took = performance.now() - start
    standing = {
      updated: Number(batch.total),
      skipped: Number(batch.skipped),
      bulkId: batch.bulkId,
      found: batch.found === null ? standing.found : Number(batch.found),
      started: batch.started === null ? standing.started : new Date(Number(batch.started)),
    }
    if (batch.updated !== '0') onProgress(standing)
  } while (batch.progress !== null)
  return standing
}
