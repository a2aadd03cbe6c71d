// Every function of the API, as the catalog lists them, with arguments that may do harm. Each call has the right result, or an
// error of ours that changes nothing.
import assert from 'node:assert/strict'
import test from 'ava'
import fc from 'fast-check'
import pg from 'pg'
import { useDatabase } from '../support/database.ts'
import { effort, times } from '../support/effort.ts'
import { seedOf } from '../support/random.ts'
import { only } from '../support/scene.ts'
import { openSession } from '../support/sessions.ts'
import { setScene, type HostileScene, type Outcome } from './hostile-scene.ts'
import { hostileValues, hugeValues } from './hostile-values.ts'
import { argumentsFor, callText, publicRoutines, type Arguments, type Parameter, type Routine } from './routines.ts'

const db = useDatabase(test)
// All tests are on one scene, one after the other.
let scene: HostileScene
let routines: Routine[]

test.serial('where nothing is hostile, every function does what it should', async (t) => {
  scene = await setScene(db)
  routines = await publicRoutines(db.owner)
  const session = await openSession(t, db.sessions)
  for (const routine of routines) {
    const refused = await tryCall(session, routine, argumentsFor(routine, scene.values))
    t.is(refused, undefined, routine.name)
  }
})

test.serial('every argument of every function may be hostile', async (t) => {
  t.timeout(300_000)
  const session = await openSession(t, db.sessions)
  await session.query("set statement_timeout = '30s'")
  const seen = new Set<string>()
  for (const routine of routines) {
    for (const parameter of routine.parameters) {
      const huge = seen.has(parameter.name) ? [] : hugeValues(parameter).slice(0, 2 * effort)
      seen.add(parameter.name)
      // Many functions share a parameter. Each of them tries a part of the values, all together try all.
      const sharing = routines.filter(({ parameters }) => parameters.some(({ name }) => name === parameter.name))
      const parts = Math.min(sharing.length, Math.ceil(3 / effort))
      const values = hostileValues(parameter).filter((_, n) => (n + sharing.indexOf(routine)) % parts === 0)
      for (const value of [...values, ...huge]) {
        const args = { ...argumentsFor(routine, scene.values), [parameter.name]: value }
        await tryCall(session, routine, args, parameter)
      }
    }
  }
  t.pass()
})

test.serial('several hostile arguments at once do no more harm', async (t) => {
  t.timeout(300_000)
  const seed = seedOf(t)
  const session = await openSession(t, db.sessions)
  await session.query("set statement_timeout = '30s'")
  const call = fc
    .constantFrom(...routines.filter(({ parameters }) => parameters.length > 1))
    .chain((routine) => fc.record({ routine: fc.constant(routine), args: someArguments(routine) }))
  await fc.assert(
    fc.asyncProperty(call, async ({ routine, args }) => {
      await tryCall(session, routine, args)
    }),
    { seed, numRuns: times(500) },
  )
  t.pass()
})

test.serial('a text with a NUL is refused before any function sees it', async (t) => {
  for (const text of ['\0', 'send_email\0', 'a\0b']) {
    await t.throwsAsync(db.pool.query('select kanthorq_task_count($1)', [text]), { code: '22021' })
    const cancel = db.pool.query('select kanthorq_task_cancel($1, $2)', ['send_email', [text]])
    await t.throwsAsync(cancel, { code: '22021' })
  }
  t.deepEqual((await scene.outcome()).changed, [])
})

test.serial('very many ids in one call are divided as three are', async (t) => {
  t.timeout(120_000)
  const unknown = times(1_000_000)
  const call = `
    select cardinality(updated) as updated, cardinality(noop) as noop, noop[${unknown}] as last
    from kanthorq_task_cancel('send_email', (select array_agg('event_' || i) from generate_series(1, ${unknown}) i)
      || $1::text[] || array['event_1', 'event_2'])`
  const result = only(await db.pool.query<object>(call, [scene.ids]))
  const { moved } = await scene.outcome()
  t.is(moved.length, 6)
  const noop = unknown + scene.ids.length - moved.length
  t.deepEqual(result, { updated: 6, noop, last: `event_${unknown}` })
})

/**
 * Makes a call, checks what came of it, and puts back what has changed. A complaint ends with the call, to be pasted into psql.
 *
 * @param blamed - the only parameter that is not as it should be
 * @returns the error with which the call was refused
 */
async function tryCall(
  session: pg.ClientBase,
  routine: Routine,
  args: Arguments,
  blamed?: Parameter,
): Promise<pg.DatabaseError | undefined> {
  const sql = callText(routine, args)
  try {
    const result = await session.query<Row>(sql).catch((error: unknown) => {
      if (error instanceof pg.DatabaseError) return error
      throw error
    })
    const outcome = await scene.outcome()
    if (!(result instanceof pg.DatabaseError)) {
      await checkOutcome(routine, args, result.rows, outcome)
      return undefined
    }
    assert.deepEqual(outcome.changed, [], 'it failed, and changed these')
    // The encoding of the database lacks a character, so that no function has seen it.
    if (result.code === '22P05') return result
    checkError(result, blamed, blamed && (await valueText(args, blamed)))
    return result
  } catch (error) {
    throw new Error(`${String(error)}, for: ${sql}`, { cause: error })
  }
}

type Row = Readonly<Record<string, unknown>>

/** An error has to be one of ours, short, and say what to do; where one argument is to blame, it has to say which. */
function checkError({ code, message, hint = '', detail = '' }: pg.DatabaseError, blamed?: Parameter, value = '') {
  assert.match(code ?? '', /^KQ00[1-4]$/, message)
  assert.notEqual(hint, '', message)
  for (const text of [message, hint, detail]) assert.ok(text.length <= 500, text.slice(0, 200))
  if (blamed === undefined) return
  // In a message, quotes and backslashes may be doubled, control characters are codes, and a long value has only its beginning.
  const plain = (text: string) => text.replace(/['"\\\p{C}]|\{[0-9a-f]{4}\}/gu, '')
  const named =
    message.includes(blamed.name.replace(/_id$|s$/, '')) ||
    plain(message).includes(plain(value).slice(0, 20)) ||
    hint.includes(`${blamed.name} =>`)
  assert.ok(named, `neither ${blamed.name} nor its value is in: ${message}`)
}

/**
 * What a viewer may call changes nothing. What an operator may call changes tasks and the log, or a hold and the log, only, and logs exactly the tasks
 * that it changes. What is returned tells exactly that.
 */
async function checkOutcome(
  { name, level, stable, parameters }: Routine,
  args: Arguments,
  rows: readonly Row[],
  { changed, moved, logged }: Outcome,
) {
  if (level === 'viewer' || stable) assert.deepEqual(changed, [], 'it reads, and changed these')
  if (level === 'operator') {
    const own = /_(hold|release)$/.test(name)
      ? /^kanthorq_(consumer_(hold|registry)|task_operation)$/
      : /^kanthorq_(consumer_01|task_operation)/
    const other = changed.filter((part) => !own.test(part))
    assert.deepEqual(other, [])
    assert.deepEqual(moved, logged, 'the tasks that it changed, and those in the log')
  }
  const takesIds = parameters.some(({ name }) => name === 'event_ids')
  const { ids } = only(
    await db.owner.query<{ ids: string[] }>(
      `select array(
         select u.id from unnest((${args['event_ids'] ?? 'null'})::text[]) with ordinality u (id, n)
         group by u.id order by min(u.n)
       ) as ids`,
    ),
  )
  for (const { updated, noop } of rows) {
    if (Array.isArray(updated)) {
      // A lease that is longer than it would become stays as it is, and is held.
      const taken = name === 'kanthorq_task_extend' ? [...moved, ...(updated as string[])] : moved
      const expected = takesIds ? ids.filter((id) => taken.includes(id)) : moved
      assert.deepEqual(takesIds ? updated : updated.toSorted(), expected, 'updated')
      assert.deepEqual(
        noop,
        ids.filter((id) => !taken.includes(id)),
        'noop',
      )
    } else if (typeof updated === 'string') {
      assert.equal(Number(updated), logged.length, 'updated')
    }
  }
  const got = rows.map((row) => row['event_id'])
  if (takesIds && got[0] !== undefined)
    assert.deepEqual(
      got,
      ids.filter((id) => got.includes(id)),
    )
}

/** The beginning of an argument as PostgreSQL prints it; of a list, of its first element. */
async function valueText(args: Arguments, { name, type }: Parameter): Promise<string> {
  const value = `(${args[name] ?? 'null'})::${type}`
  const text = type.startsWith('pg_catalog._') ? `(array(select unnest(${value}) limit 1))[1]::text` : `${value}::text`
  const sql = `select coalesce(left(${text}, 100), 'null') as text`
  return only(await db.owner.query<{ text: string }>(sql)).text
}

/** Arguments of which any may be hostile, and some that have a default are left out. */
function someArguments(routine: Routine): fc.Arbitrary<Arguments> {
  const valid = argumentsFor(routine, scene.values)
  const some = routine.parameters.map((parameter) =>
    fc
      .oneof(
        { weight: 3, arbitrary: fc.constant(valid[parameter.name]) },
        fc.constantFrom(...hostileValues(parameter)),
        ...(parameter.type === 'pg_catalog.text' ? [anyText] : []),
      )
      .map((value) => (value === undefined ? [] : [[parameter.name, value] as const])),
  )
  return fc.tuple(...some).map((entries) => Object.fromEntries(entries.flat()))
}

const anyText = fc.string({ unit: 'binary', maxLength: 40 }).map((text) => pg.escapeLiteral(text.replaceAll('\0', '')))
