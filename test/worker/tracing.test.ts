// Spans of OpenTelemetry around handlers. Without its API the worker loads nothing: see the test of the package.
import { AsyncLocalStorage } from 'node:async_hooks'
import * as api from '@opentelemetry/api'
import test from 'ava'
import { TaskWorker } from 'kanthorq-tasks/worker'
import { useDatabase } from '../support/database.ts'
import { makeConsumer } from '../support/scene.ts'

const db = useDatabase(test)

/** A span that keeps what it is given. */
class KeptSpan {
  readonly name: string
  readonly options: api.SpanOptions
  readonly parent: api.SpanContext | undefined
  readonly kept: unknown[] = []
  constructor(name: string, options: api.SpanOptions, parent: api.SpanContext | undefined) {
    this.name = name
    this.options = options
    this.parent = parent
  }
  spanContext = () => ({ traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1 })
  recordException = (error: api.Exception) => this.kept.push(error)
  setAttribute = (...pair: unknown[]) => this.kept.push(pair) && this
  setStatus = (status: api.SpanStatus) => this.kept.push(status) && this
  end = () => void this.kept.push('ended')
}

const spans: KeptSpan[] = []

test.before(() => {
  const contexts = new AsyncLocalStorage<api.Context>()
  api.context.setGlobalContextManager({
    active: () => contexts.getStore() ?? api.ROOT_CONTEXT,
    with: (context, fn, self, ...args) => contexts.run(context, () => fn.apply(self, args)),
    bind: (_, target) => target,
    enable: () => api.context as never,
    disable: () => api.context as never,
  })
  api.trace.setGlobalTracerProvider({
    getTracer: () => ({
      startSpan: () => {
        throw new Error('the worker makes its span active')
      },
      startActiveSpan: ((name: string, options: api.SpanOptions, context: api.Context, fn: (span: api.Span) => unknown) => {
        const span = new KeptSpan(name, options, api.trace.getSpanContext(context))
        spans.push(span)
        return api.context.with(api.trace.setSpan(context, span as never), fn, undefined, span as never)
      }) as api.Tracer['startActiveSpan'],
    }),
  })
})

const origin = (digit: string) => ({ traceId: digit.repeat(32), spanId: digit.repeat(16), traceFlags: 1, isRemote: true })
const traceparent = (digit: string) => `00-${digit.repeat(32)}-${digit.repeat(16)}-01`
const common = {
  'messaging.system': 'kanthorq',
  'messaging.operation.name': 'process',
  'messaging.operation.type': 'process',
}

test.serial("each handler runs in a span of its task, a child of the event's, which records its error", async (t) => {
  const consumer = await makeConsumer(db, 'one_by_one')
  const publish = (metadata: object) =>
    db.owner.query("select kanthorq_stream_publish('one_by_one_stream', 'order.paid', 'abc', $1)", [metadata])
  await publish({ traceparent: traceparent('a') })
  await publish({ traceparent: 'none' })
  const error = new RangeError('too far')
  const seen: unknown[] = []
  const ids: string[] = []
  const worker = new TaskWorker(
    db.pool,
    consumer,
    async ({ eventId, metadata }) => {
      ids.push(eventId)
      await Promise.resolve()
      seen.push(api.trace.getActiveSpan())
      if (metadata['traceparent'] === 'none') throw error
    },
    { concurrency: 1 },
  )
  t.like(await worker.drain(), { completed: 1, failed: 1 })
  t.deepEqual(seen, spans.slice())
  const [first, second] = spans.splice(0)
  t.like(first, { name: 'process one_by_one', parent: origin('a'), kept: ['ended'] })
  t.deepEqual(first?.options, {
    kind: api.SpanKind.CONSUMER,
    links: [],
    attributes: {
      ...common,
      'messaging.destination.name': consumer,
      'messaging.message.id': ids[0],
      'messaging.message.body.size': 3,
    },
  })
  t.is(second?.parent, undefined)
  t.deepEqual(second?.kept, [
    error,
    ['error.type', 'RangeError'],
    { code: api.SpanStatusCode.ERROR, message: 'too far' },
    'ended',
  ])
})

test.serial('a batch has one span, with a link to the span of each event, and the errors of its tasks', async (t) => {
  const consumer = await makeConsumer(db, 'in_batches')
  for (const digit of ['a', 'b'])
    await db.owner.query("select kanthorq_stream_publish('in_batches_stream', 'a', '', $1)", [
      { traceparent: traceparent(digit) },
    ])
  const error = new Error('not this one')
  const handle = () => Promise.resolve([undefined, error])
  t.like(await new TaskWorker(db.pool, consumer, { handle, size: 2 }).drain(), { completed: 1, failed: 1 })
  const [span, ...others] = spans.splice(0)
  t.deepEqual(others, [])
  t.is(span?.parent, undefined)
  t.deepEqual(span?.options, {
    kind: api.SpanKind.CONSUMER,
    links: [{ context: origin('a') }, { context: origin('b') }],
    attributes: { ...common, 'messaging.destination.name': consumer, 'messaging.batch.message_count': 2 },
  })
  t.deepEqual(span?.kept.at(0), error)
  t.is(span?.kept.at(-1), 'ended')
})

test.serial('the span of a handler that does not end is ended with the reason', async (t) => {
  const consumer = await makeConsumer(db, 'endless')
  await db.owner.query("select kanthorq_stream_publish('endless_stream', 'a', '')")
  const worker = new TaskWorker(db.pool, consumer, () => new Promise(() => undefined), { timeout: 20, grace: 20 })
  t.like(await worker.drain(), { failed: 1, abandoned: 1 })
  const [span] = spans.splice(0)
  t.like(span?.kept.at(0), { name: 'TaskAborted', why: 'timeout' })
  t.is(span?.kept.at(-1), 'ended')
})
