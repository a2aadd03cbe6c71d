/**
 * Whether the functions are the old ones: resume leaves `attempt_max` attempts, undo goes by a fingerprint of the row alone,
 * bulk calls pass over tasks that a clock ahead of ours has dated, and the log has no `batches`.
 */
export const isOldCore = Boolean(1)
