// Every function of the API, as the catalog lists them, with arguments that may do harm. Each call has the right result, or an
// error of ours that changes nothing.
import test from 'ava'
import fc from 'fast-check'
import pg from 'pg'
import { useDatabase } from '../support/database.ts'
import { effort, times } from '../support/effort.ts'
import { seedOf } from '../support/random.ts'
import { only } from '../support/scene.ts'
import { openSession } from '../support/sessions.ts'
import {
  callText,
  hostileValues,
  hugeValues,
  isUsual,
  publicRoutines,
  type Arguments,
  type Parameter,
  type Routine,
} from './hostile-calls.ts'
import { wrongError, wrongOutcome, type Complaint } from './hostile-judge.ts'
import { setScene, type HostileScene } from './hostile-scene.ts'

const db = useDatabase(test)
// All tests are on one scene, one after the other.
let scene: HostileScene

test.serial('where nothing is hostile, every function does what it should', async (t) => {
  scene = await setScene(db)
  const session = await openSession(t, db.sessions)
  for (const routine of await publicRoutines(db.owner)) {
    const { complaint, refused } = await tryCall(session, routine, scene.validArguments(routine))
    t.is(complaint, undefined)
    t.false(refused && isUsual(routine), routine.name)
  }
  t.deepEqual(await scene.changes(), [])
})

test.serial('every argument of every function may be hostile', async (t) => {
  t.timeout(300_000)
  const session = await openSession(t, db.sessions)
  await session.query("set statement_timeout = '30s'")
  const seen = new Set<string>()
  const wrong: string[] = []
  const counts = { calls: 0, refused: 0 }
  const routines = await publicRoutines(db.owner)

  for (const routine of routines) {
    for (const parameter of routine.parameters) {
      const huge = seen.has(parameter.name) ? [] : hugeValues(parameter).slice(0, 2 * effort)
      seen.add(parameter.name)
      // Many functions share a parameter. Each of them tries a part of the values, all together try all.
      const sharing = routines.filter(({ parameters }) =>
        parameters.some(({ name }) => name === parameter.name),
      )
      const parts = Math.min(sharing.length, Math.ceil(3 / effort))
      const values = hostileValues(parameter).filter(
        (_, n) => (n + sharing.indexOf(routine)) % parts === 0,
      )
      for (const value of [...values, ...huge]) {
        const args = { ...scene.validArguments(routine), [parameter.name]: value }
        const { complaint, refused } = await tryCall(session, routine, args, parameter)
        if (complaint !== undefined) wrong.push(complaint)
        counts.calls += 1
        counts.refused += Number(refused)
      }
    }
  }
  t.log(counts)
  t.deepEqual(wrong, [])
})

test.serial('several hostile arguments at once do no more harm', async (t) => {
  t.timeout(300_000)
  const seed = seedOf(t)
  const session = await openSession(t, db.sessions)
  await session.query("set statement_timeout = '30s'")
  const routines = (await publicRoutines(db.owner)).filter(
    ({ parameters }) => parameters.length > 1,
  )
  const call = fc
    .constantFrom(...routines)
    .chain((routine) => fc.record({ routine: fc.constant(routine), args: someArguments(routine) }))
  await fc.assert(
    fc.asyncProperty(call, async ({ routine, args }) => {
      const { complaint } = await tryCall(session, routine, args)
      if (complaint !== undefined) throw new Error(complaint)
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
  t.deepEqual(await scene.changes(), [])
})

test.serial('very many ids in one call are divided as three are', async (t) => {
  t.timeout(120_000)
  const unknown = times(1_000_000)
  const call = `
    select cardinality(updated) as updated, cardinality(noop) as noop, noop[${unknown}] as last
    from kanthorq_task_cancel('send_email', (select array_agg('event_' || i) from generate_series(1, ${unknown}) i)
      || $1::text[] || array['event_1', 'event_2'])`
  const ids = ['pending', 'available', 'retryable'].flatMap((kind) => scene.tasks[kind] ?? [])
  t.deepEqual(only(await db.pool.query(call, [ids])), {
    updated: 6,
    noop: unknown,
    last: `event_${unknown}`,
  })
  await scene.restore(await scene.changes())
})

/**
 * Makes a call, looks at what came of it, and puts everything back if it changed. `blamed` is the only parameter that is
 * not as it should be. A complaint ends with the call, to be pasted into psql.
 */
async function tryCall(
  session: pg.ClientBase,
  routine: Routine,
  args: Arguments,
  blamed?: Parameter,
) {
  const sql = callText(routine, args)
  let rows: Record<string, unknown>[] | undefined
  let complaint: Complaint
  try {
    rows = (await session.query<Record<string, unknown>>(sql)).rows
  } catch (error) {
    complaint = wrongError(error, blamed, blamed && (await valueText(args, blamed)))
  }
  const changed = await scene.changes()
  if (rows !== undefined) complaint = await wrongOutcome(db, routine, args, rows, changed)
  else if (changed.length > 0) complaint ??= `it failed, and changed ${changed.join()}`
  if (changed.length > 0) await scene.restore(changed)
  return { complaint: complaint && `${complaint}, for: ${sql}`, refused: rows === undefined }
}

/** The beginning of an argument as PostgreSQL prints it; of a list, of its first element. */
async function valueText(args: Arguments, { name, type }: Parameter): Promise<string> {
  const value = `(${args[name] ?? 'null'})::${type}`
  const text = type.endsWith('[]')
    ? `(array(select unnest(${value}) limit 1))[1]`
    : `${value}::text`
  return (
    only(await db.owner.query<{ text: string | null }>(`select left(${text}, 100) as text`)).text ??
    'null'
  )
}

/** Arguments of which any may be hostile, and some that have a default are left out. */
function someArguments(routine: Routine): fc.Arbitrary<Arguments> {
  const valid = scene.validArguments(routine)
  const some = routine.parameters.map((parameter) => {
    const usual = valid[parameter.name]
    const hostile = [
      fc.constantFrom(...hostileValues(parameter)),
      ...(parameter.type === 'text' ? [anyText] : []),
    ]
    const one = fc.oneof(
      { weight: 3, arbitrary: fc.constant(usual) },
      ...hostile.map((arbitrary) => ({ weight: 1, arbitrary })),
    )
    return one.map((value) => (value === undefined ? [] : [[parameter.name, value] as const]))
  })
  return fc.tuple(...some).map((entries) => Object.fromEntries(entries.flat()))
}

const anyText = fc
  .string({ unit: 'binary', maxLength: 40 })
  .map((text) => pg.escapeLiteral(text.replaceAll('\0', '')))
