import { argumentsOf, jsonArgument, textArgument, textsArgument, timeArgument, type Argument, type Parts } from './arguments.ts'
import type { TaskFilter } from './types.ts'

const parts: Parts<TaskFilter> = {
  states: ['states', textsArgument],
  subject: ['subject', textArgument],
  metadata: ['metadata', jsonArgument],
  error: ['error', textArgument],
  fingerprint: ['fingerprint', textArgument],
  createdAfter: ['created_after', timeArgument],
  createdBefore: ['created_before', timeArgument],
  finalizedAfter: ['finalized_after', timeArgument],
  finalizedBefore: ['finalized_before', timeArgument],
}

/** Converts a filter into arguments. It never lets through more than what was written. */
export function filterArguments(filter: TaskFilter): Record<string, Argument> {
  return argumentsOf('filter', filter, parts)
}
