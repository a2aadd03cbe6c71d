import type * as OpenTelemetry from '@opentelemetry/api'
import { failureOf } from '../client/report-arguments.ts'
import { traceparentOf } from './traceparent.ts'
import type { BatchResult, WorkerTask } from './types.ts'

/** Runs the handler of some tasks. */
export type Tracing = (tasks: readonly WorkerTask[], handle: () => Promise<Errors>) => Promise<Errors>

/** What a handler returns: an error for each task of a batch that failed. */
export type Errors = Exclude<BatchResult, void>

/** Runs handlers in spans, if the API of OpenTelemetry is installed. */
export async function tracingOf(consumer: string): Promise<Tracing> {
  const api = await import('@opentelemetry/api').catch(() => undefined)
  return api === undefined ? (_, handle) => handle() : (tasks, handle) => inSpan(api, consumer, tasks, handle)
}

/** The span of one task is a child of the event's; that of a batch has links. */
async function inSpan(
  { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace }: typeof OpenTelemetry,
  consumer: string,
  tasks: readonly WorkerTask[],
  handle: () => Promise<Errors>,
): Promise<Errors> {
  const origins = tasks.flatMap(({ metadata }) => {
    const [, traceId, spanId, flags] = traceparentOf(metadata)?.split('-') ?? []
    if (traceId === undefined || spanId === undefined || flags === undefined) return []
    return { traceId, spanId, traceFlags: parseInt(flags, 16), isRemote: true }
  })
  const [task] = tasks
  const isOne = tasks.length === 1
  const parent = isOne && origins[0] ? trace.setSpanContext(ROOT_CONTEXT, origins[0]) : ROOT_CONTEXT
  const options = {
    kind: SpanKind.CONSUMER,
    links: isOne ? [] : origins.map((context) => ({ context })),
    attributes: {
      'messaging.system': 'kanthorq',
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.destination.name': consumer,
      ...(isOne && task
        ? { 'messaging.message.id': task.eventId, 'messaging.message.body.size': task.body.length }
        : { 'messaging.batch.message_count': tasks.length }),
    },
  }
  return trace.getTracer('kanthorq-tasks').startActiveSpan(`process ${consumer}`, options, parent, async (span) => {
    const record = (thrown: unknown) => {
      const { message } = failureOf(thrown)
      span.recordException(thrown instanceof Error ? thrown : message)
      span.setAttribute('error.type', thrown instanceof Error ? thrown.name : '_OTHER')
      span.setStatus({ code: SpanStatusCode.ERROR, message })
    }
    try {
      const errors = await handle()
      for (const error of errors) if (error) record(error)
      return errors
    } catch (error) {
      record(error)
      throw error
    } finally {
      span.end()
    }
  })
}
