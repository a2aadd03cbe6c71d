// What the client refuses before it sends anything, because it would mean more or other tasks than were meant.
import { runInNewContext } from 'node:vm'
import test from 'ava'
import { InvalidArgumentError, TaskClient, type TaskFilter } from 'kanthorq-tasks'
import { useDatabase } from '../support/database.ts'
import { fillTable, makeConsumer, taskTable } from '../support/scene.ts'

const db = useDatabase(test)

/** A client of a connection that nothing may be sent to. */
function silent() {
  return new TaskClient({ query: (text) => Promise.reject(new Error(`was sent: ${text}`)) })
}

/** All calls that take a filter. */
function filtered(tasks: TaskClient, filter: unknown): Record<string, () => Promise<unknown>> {
  const given = filter as TaskFilter
  return {
    find: () => tasks.find('c', given),
    pages: () => tasks.pages('c', given).next(),
    count: () => tasks.count('c', given),
    preview: () => tasks.preview('cancel', 'c', given),
    cancelAll: () => tasks.cancelAll('c', given),
    resumeAll: () => tasks.resumeAll('c', given),
    discardAll: () => tasks.discardAll('c', given),
  }
}

class Customer {
  readonly #id = '42'

  get customer() {
    return this.#id
  }
}
const circle: Record<string, unknown> = {}
circle['of'] = [{ circle }]

/** Metadata that JSON would drop or change, and what the error names. */
const inexact: Record<string, [unknown, string]> = {
  'an undefined value': [{ customer: undefined }, 'metadata.customer is undefined'],
  'an undefined value inside': [{ order: { items: [{ id: undefined }] } }, 'metadata.order.items[0].id is undefined'],
  'undefined in an array': [{ ids: [1, undefined] }, 'metadata.ids[1] is undefined'],
  'a hole': [{ ids: Object.assign([1], { length: 2 }) }, 'metadata.ids has holes'],
  'a key of an array': [{ ids: Object.assign([1], { customer: 3 }) }, 'metadata.ids has holes, or keys'],
  'a function': [{ customer: () => '42' }, 'metadata.customer is a function'],
  'a symbol': [{ customer: Symbol('42') }, 'metadata.customer is a symbol'],
  'a symbol as the key': [{ [Symbol('customer')]: '42' }, 'metadata has a property Symbol(customer)'],
  'a hidden property': [Object.defineProperty({ a: 1 }, 'customer', { value: '42' }), 'metadata has a property customer'],
  NaN: [{ n: NaN }, 'metadata.n is NaN'],
  Infinity: [{ n: -Infinity }, 'metadata.n is -Infinity'],
  'a rounded number': [{ n: 2 ** 53 }, 'metadata.n is 9007199254740992, which JavaScript may have rounded'],
  'an invalid Date': [{ at: new Date(NaN) }, 'metadata.at is a Date'],
  'a Date': [{ at: new Date(0) }, 'metadata.at is a Date'],
  'toJSON that returns undefined': [{ customer: { toJSON: () => undefined } }, 'metadata.customer.toJSON is a function'],
  'a Map': [new Map([['customer', '3']]), 'metadata is a Map'],
  'a Map inside': [{ customer: new Map([['id', '3']]) }, 'metadata.customer is a Map'],
  'a Set': [new Set(['3']), 'metadata is a Set'],
  'a RegExp': [{ customer: /3/ }, 'metadata.customer is a RegExp'],
  'a boxed text': [{ customer: Object('3') as unknown }, 'metadata.customer is a String'],
  'an array': [[{ customer: '3' }], 'metadata is an array'],
  'no items': [[], 'metadata is an array'],
  'a class with getters': [new Customer(), 'metadata is a'],
  'inherited properties': [Object.create({ customer: '42' }), 'metadata is a'],
  text: ['{"customer": "42"}', 'metadata is "{'],
  'a function alone': [() => ({ customer: '3' }), 'metadata is a function'],
  null: [null, 'metadata is null'],
  'a circle': [circle, 'metadata.of[0].circle contains itself'],
  'half of a character': [{ customer: 'a\ud83d' }, 'metadata.customer has a null character or half'],
  'a null character': [{ customer: 'a\0' }, 'metadata.customer has a null character'],
  'a null character in a key': [{ 'a\0': 1 }, 'metadata has a null character'],
}

for (const [what, [metadata, message]] of Object.entries(inexact)) {
  test(`metadata with ${what} is refused by every call with a filter`, async (t) => {
    // Beside another part, without which an empty filter would be refused.
    for (const [name, call] of Object.entries(filtered(silent(), { subject: 'order.>', metadata }))) {
      const error = await t.throwsAsync(call, { instanceOf: InvalidArgumentError, code: 'KQ003' }, name)
      t.true(error.message.startsWith(message), error.message)
    }
  })
}

/** Filters that are not what they look like, and what the error names. */
const odd: Record<string, [unknown, string]> = {
  'a misspelt key': [
    { subject: '>', createdBefor: new Date(0) },
    'filter has no part "createdBefor". Did you mean createdBefore?',
  ],
  'a key in snake case': [{ created_before: new Date(0) }, 'filter has no part "created_before". Did you mean createdBefore?'],
  'the key of another API': [{ state: ['available'] }, 'filter has no part "state". Did you mean states?'],
  'a key like nothing': [{ limit: 10 }, 'filter has no part "limit". The parts are states, subject, metadata'],
  'no filter but null': [null, 'filter is null'],
  'a Map as the filter': [new Map([['subject', '>']]), 'filter is a Map'],
  'a text as the filter': ['order.>', 'filter is "order.>"'],
  ...Object.fromEntries(
    ['states', 'subject', 'metadata', 'error', 'fingerprint', 'createdAfter', 'finalizedBefore'].map((part) => [
      `null as its ${part}`,
      [{ subject: '>', [part]: null }, `${part} is null`] satisfies [unknown, string],
    ]),
  ),
  'null among its states': [{ states: ['available', null] }, 'states[2] is null'],
  'a hole in its states': [{ states: Object.assign(['available'], { length: 2 }) }, 'states[2] is null'],
  'states that are no list': [{ states: 'available' }, 'states is "available"'],
  'a subject that is no text': [{ subject: 42 }, 'subject is 42'],
  'half of a character in its subject': [{ subject: '\udc00' }, 'subject has a null character or half'],
  'an invalid Date': [{ createdAfter: new Date(NaN) }, 'createdAfter is an invalid Date'],
  'a time in milliseconds': [{ createdAfter: Date.now() }, 'createdAfter is '],
  'a time as text': [{ createdBefore: '2026-01-31' }, 'createdBefore is "2026-01-31"'],
  'a time that PostgreSQL does not have': [{ createdBefore: new Date(-8.64e15) }, 'createdBefore is the year -271821'],
}

for (const [what, [filter, message]] of Object.entries(odd)) {
  test(`a filter with ${what} is refused by every call with a filter`, async (t) => {
    for (const [name, call] of Object.entries(filtered(silent(), filter))) {
      const error = await t.throwsAsync(call, { instanceOf: InvalidArgumentError, code: 'KQ003' }, name)
      t.true(error.message.startsWith(message), error.message)
    }
  })
}

/** Arguments as a caller without types may pass them, and what the error names. */
const refused: Record<string, (tasks: AnyClient) => Promise<unknown>> = {
  'pause is Infinity': (tasks) => tasks.cancelAll('c', {}, { pause: Infinity }),
  'pause is NaN': (tasks) => tasks.discardAll('c', {}, { pause: NaN }),
  'pause is -5': (tasks) => tasks.undoAll('1', { pause: -5 }),
  'pause is 2147483648': (tasks) => tasks.cancelAll('c', {}, { pause: 2 ** 31 }),
  'pause is 86400001': (tasks) => tasks.cancelAll('c', {}, { pause: 86_400_001 }),
  'pause is "5"': (tasks) => tasks.cancelAll('c', {}, { pause: '5' }),
  'pause is null': (tasks) => tasks.cancelAll('c', {}, { pause: null }),
  'batchSize is 0.5': (tasks) => tasks.cancelAll('c', {}, { batchSize: 0.5 }),
  'batchSize is 0': (tasks) => tasks.cancelAll('c', {}, { batchSize: 0 }),
  'batchSize is 2147483648': (tasks) => tasks.cancelAll('c', {}, { batchSize: 2 ** 31 }),
  'maxTasks is Infinity': (tasks) => tasks.cancelAll('c', {}, { maxTasks: Infinity }),
  'maxTasks is null': (tasks) => tasks.cancelAll('c', {}, { maxTasks: null }),
  'maxTasks is 9007199254740992': (tasks) => tasks.preview('cancel', 'c', {}, { maxTasks: 2 ** 53 }),
  'maxTasks is -1': (tasks) => tasks.find('c', {}, { maxTasks: -1 }),
  'pageSize is NaN': (tasks) => tasks.pages('c', {}, { pageSize: NaN }).next(),
  'maxOperations is 1.5': (tasks) => tasks.operations('c', { maxOperations: 1.5 }),
  'spread is NaN': (tasks) => tasks.resumeAll('c', {}, { spread: NaN }),
  'spread is -1': (tasks) => tasks.resumeAll('c', {}, { spread: -1 }),
  'spread is 1e+300': (tasks) => tasks.resumeAll('c', {}, { spread: 1e300 }),
  'scheduleAt is an invalid Date': (tasks) => tasks.resume('c', [], { scheduleAt: new Date(NaN) }),
  'scheduleAt is null': (tasks) => tasks.resumeAll('c', {}, { scheduleAt: null }),
  'resetAttempts is "false"': (tasks) => tasks.resume('c', [], { resetAttempts: 'false' }),
  'everything is 1': (tasks) => tasks.cancelAll('c', {}, { everything: 1 }),
  'reason is 42': (tasks) => tasks.cancel('c', [], { reason: 42 }),
  'signal is 1000': (tasks) => tasks.cancelAll('c', {}, { signal: 1000 }),
  'onProgress is null': (tasks) => tasks.cancelAll('c', {}, { onProgress: null }),
  'options has no part "maxTask". Did you mean maxTasks?': (tasks) => tasks.cancelAll('c', {}, { maxTask: 10 }),
  'options has no part "limit"': (tasks) => tasks.cancelAll('c', {}, { limit: 10 }),
  'options has no part "scheduleAt"': (tasks) => tasks.cancelAll('c', {}, { scheduleAt: new Date() }),
  'options has no part "max_tasks". Did you mean maxTasks?': (tasks) => tasks.find('c', {}, { max_tasks: 1 }),
  'options is null': (tasks) => tasks.cancel('c', [], null),
  'consumer is null': (tasks) => tasks.cancel(null, []),
  'consumer is undefined': (tasks) => tasks.cancel({ name: undefined }, []),
  'consumer is a Object': (tasks) => tasks.count({ id: 'consumer_01' }),
  'consumer is null. Pass': (tasks) => tasks.operations(null),
  'tasks is "event_01"': (tasks) => tasks.cancel('c', 'event_01'),
  'event_ids[2] is null': (tasks) => tasks.cancel('c', Object.assign(['event_01'], { length: 2 })),
  'tasks is undefined': (tasks) => tasks.resume('c'),
  'action is undefined': (tasks) => tasks.preview(undefined, 'c'),
  'operation is null': (tasks) => tasks.undo(null),
  'operation is undefined': (tasks) => tasks.undo({}),
  'operation is "12x"': (tasks) => tasks.undo('12x'),
  'operation is 9007199254740992': (tasks) => tasks.undo(2 ** 53),
  'operation is 9223372036854775808': (tasks) => tasks.undo(2n ** 63n),
  'bulkId is null': (tasks) => tasks.undoAll(null),
  'bulkId is -1': (tasks) => tasks.undoAll(-1n),
  'before is 1.5': (tasks) => tasks.operations('c', { before: 1.5 }),
  'level is undefined': (tasks) => tasks.grant('support'),
}
type AnyClient = Record<Exclude<keyof TaskClient, 'pages'>, (...args: unknown[]) => Promise<unknown>> & {
  pages: (...args: unknown[]) => AsyncGenerator
}

for (const [message, call] of Object.entries(refused)) {
  test(`refused before anything is sent: ${message}`, async (t) => {
    const error = await t.throwsAsync(call(silent() as unknown as AnyClient), {
      instanceOf: InvalidArgumentError,
      code: 'KQ003',
    })
    t.true(error.message.startsWith(message), error.message)
  })
}

test('what is undefined is left out, and an object without a prototype or of another realm is plain', async (t) => {
  const consumer = await makeConsumer(db, 'plain')
  await fillTable(db, consumer, 2, ['available'])
  await db.owner.query(`update ${await taskTable(db, consumer)} set metadata = '{"order": {"ids": [1, null, true]}}'`)
  const tasks = new TaskClient(db.pool)
  const order = Object.assign(Object.create(null) as object, { ids: [null] })
  const foreign = runInNewContext('({ order: { ids: [true, 1] } })') as object
  for (const metadata of [{ order }, foreign, undefined])
    t.is(await tasks.count(consumer, { states: undefined, subject: 'order.>', metadata, createdAfter: undefined }), 2)
  t.is(await tasks.count(consumer, runInNewContext('({ createdBefore: new Date() })') as TaskFilter), 2)
  await t.throwsAsync(tasks.cancelAll(consumer, { subject: 'order.>', metadata: {} }), {
    instanceOf: InvalidArgumentError,
    message: /metadata is empty/,
  })
  await t.throwsAsync(tasks.cancelAll(consumer, { subject: undefined }), {
    instanceOf: InvalidArgumentError,
    message: /filter is empty/,
  })
  t.is((await tasks.cancelAll(consumer, { metadata: { order } }, { maxTasks: undefined, pause: undefined })).updated, 2)
})

test('numbers of metadata reach the filter and come back with all their digits', async (t) => {
  const consumer = await makeConsumer(db, 'exact')
  const ids = await fillTable(db, consumer, 6, ['available'])
  const numbers = [
    '9007199254740993',
    '9007199254740992',
    '-9007199254740991',
    '0.1',
    '0.1234567890123456789',
    `1${'0'.repeat(400)}`,
  ]
  for (const [index, number] of numbers.entries())
    await db.owner.query(`update ${await taskTable(db, consumer)} set metadata = $1 where event_id = $2`, [
      `{"n": ${number}, "text": "\\\\ \\"12345678901234567890\\" 9007199254740993", "deep": [{"n": ${number}}]}`,
      ids[index],
    ])
  const tasks = new TaskClient(db.pool)
  const shown = ['9007199254740993', '9007199254740992', -9007199254740991, 0.1, '0.1234567890123456789', numbers[5]]
  const found = await tasks.find(consumer, {}, { oldestFirst: true })
  const text = '\\ "12345678901234567890" 9007199254740993'
  t.deepEqual(
    found.map(({ metadata }) => metadata),
    shown.map((n) => ({ n, text, deep: [{ n }] })),
  )
  t.deepEqual((await tasks.preview('cancel', consumer)).firstTasks, found.slice(0, 5))
  for (const [n, id] of [
    [9007199254740993n, ids[0]],
    [2n ** 53n, ids[1]],
    [-9007199254740991, ids[2]],
    [0.1, ids[3]],
    [10n ** 400n, ids[5]],
  ] as const)
    t.like(await tasks.find(consumer, { metadata: { deep: [{ n }] } }), { length: 1, 0: { eventId: id } }, String(n))
  t.is((await tasks.cancelAll(consumer, { metadata: { n: 9007199254740993n } })).updated, 1)
  t.like(await tasks.find(consumer, { states: ['cancelled'] }), [{ eventId: ids[0] }])
})
