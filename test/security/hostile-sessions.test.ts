// Every function of the API, called in hostile sessions: with objects that have the names of ours and of PostgreSQL's, and with
// other settings. Each call has the same outcome as in a plain session.
import { readFileSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import pg from 'pg'
import { useDatabase } from '../support/database.ts'
import { times } from '../support/effort.ts'
import { openSession } from '../support/sessions.ts'
import { setScene, type HostileScene, type Outcome } from './hostile-scene.ts'
import { argumentsFor, callText, publicRoutines, type Arguments, type Routine } from './routines.ts'

const db = useDatabase(test)
let scene: HostileScene
let routines: Routine[]
let plain: Outcomes

/** What each routine returned, or the code of its error, and what it did. */
type Outcomes = Readonly<Record<string, Outcome & { result: string }>>

/** A filter, a reason, and whatever else is optional. */
const more: Arguments = {
  created_after: "'1970-01-01Z'",
  created_before: "'2100-01-01Z'",
  error: "'refused'",
  metadata: `'{"customer": "42"}'`,
  pause: "'1 millisecond'",
  reason: "'why'",
  schedule_at: "'2100-01-01Z'",
  spread: "'1 hour'",
  subject: "'order-eu.*'",
}

test.serial('in a plain session, every function does what it should', async (t) => {
  scene = await setScene(db)
  routines = await publicRoutines(db.owner)
  plain = await outcomes(await openSession(t, db.sessions))
  for (const [name, { result }] of Object.entries(plain)) t.true(result.startsWith('[{'), name)
  compare(t, await outcomes(await openSession(t, db.sessions)), plain, 'the same each time')
  await db.owner.query(readFileSync(new URL('./hostile-traps.sql', import.meta.url), 'utf8'))
})

for (const path of ['trap, pg_catalog, public', 'pg_temp, trap, public, pg_catalog', "''"]) {
  test.serial(`no trap catches anything under search_path ${path}`, async (t) => {
    const session = await openSession(t, db.sessions)
    await layTemporaryTraps(session)
    await session.query(`set search_path to ${path}`)
    compare(t, await outcomes(session), plain)
  })
}

test.serial('the traps would catch what is not qualified', async (t) => {
  const session = await openSession(t, db.sessions)
  await layTemporaryTraps(session)
  await session.query('set search_path to trap, pg_catalog')
  for (const text of ['1 > 2', "cardinality(array['a'])", "format('%s', 'a')", 'clock_timestamp()']) {
    await t.throwsAsync(session.query(`select ${text}`), { code: 'TRAP0' }, text)
  }
  t.deepEqual((await session.query('select from kanthorq_task_operation')).rows, [])
  await session.query('set search_path to pg_temp, pg_catalog')
  t.deepEqual((await session.query('select from pg_class')).rows, [])
})

// Half of them at a time: at full effort as often as it takes for each two to be apart once.
test.serial('no setting that anybody may change changes what comes of a call', async (t) => {
  const { rows } = await db.owner.query<{ sql: string }>(`
    select format('set %s to %L', name, value) as sql
    from pg_settings, unnest(case vartype
      when 'bool' then array[case setting when 'on' then 'off' else 'on' end]
      else array(select v from unnest(enumvals) v where v <> setting)
    end) value
    where context = 'user' and vartype in ('bool', 'enum')
      and name not in ('default_transaction_read_only', 'transaction_read_only', 'exit_on_error')
    order by name, value`)
  const settings = [...rows.map(({ sql }) => sql), ...others]
  t.log(`${settings.length} settings`)
  for (let bit = 1; bit < Math.min(settings.length, 2 ** times(8)); bit *= 2) {
    for (const half of [0, bit]) {
      const chosen = settings.filter((_, n) => (n & bit) === half)
      const session = await db.sessions.connect()
      try {
        for (const sql of chosen) await session.query(sql)
        compare(t, await outcomes(session), plain, chosen.join('; '))
      } finally {
        session.release(true)
      }
    }
  }
})

/** Settings that are neither on nor off, and one of PL/pgSQL, which is not there before it has run. */
const others = [
  "set plpgsql.extra_errors to 'all'",
  "set datestyle to 'SQL, DMY'",
  "set timezone to 'Asia/Kathmandu'",
  'set extra_float_digits to -15',
  "set work_mem to '64kB'",
  'set geqo_threshold to 2',
  'set from_collapse_limit to 1',
  'set join_collapse_limit to 1',
  'set gin_fuzzy_search_limit to 1',
  `set kanthorq.last_id_at to '''; drop table kanthorq_task_operation; --'`,
]

test.serial('where a session may only read, reading works, and all else fails', async (t) => {
  const session = await openSession(t, db.sessions)
  await session.query('set default_transaction_read_only = on')
  const refused = { result: '25006', changed: [], moved: [], logged: [] }
  const expected = routines.map(({ name, stable }) => [name, stable ? plain[name] : refused] as const)
  compare(t, await outcomes(session), Object.fromEntries(expected))
})

/** Temporary tables by the names of all traps that are tables. Anybody may make such tables. */
async function layTemporaryTraps(session: pg.ClientBase) {
  const { rows } = await db.owner.query<{ sql: string }>(
    `select format('create temp table %I (id pg_catalog.int4)', relname) as sql
     from pg_class where relnamespace = 'trap'::regnamespace and relkind = 'r'`,
  )
  for (const { sql } of rows) await session.query(sql)
}

/** One after the other: a difference of all of them would be too long to read. */
function compare(t: ExecutionContext, actual: Outcomes, expected: Record<string, Outcomes[string] | undefined>, why = '') {
  for (const { name } of routines) t.deepEqual(actual[name], expected[name], `${name} ${why}`)
}

async function outcomes(session: pg.ClientBase): Promise<Outcomes> {
  const all: Record<string, Outcomes[string]> = {}
  for (const routine of routines) {
    const sql = callText(routine, argumentsFor(routine, scene.values, more))
    // As JSON, times are the same in every session.
    const result = await session
      .query<object>(sql.replace(/^select \* from (.*)$/s, 'select pg_catalog.to_jsonb(r) as row from $1 r'))
      .then(
        ({ rows }) => JSON.stringify(rows),
        (error: unknown) => (error instanceof pg.DatabaseError ? error.code : String(error)),
      )
    const { changed, ...moved } = await scene.outcome()
    all[routine.name] = { result: masked(String(result)), changed: changed.map(masked), ...moved }
  }
  return all
}

/** Without what is another each time: times, and the ids that a call has made. */
function masked(text: string): string {
  return (
    text
      .replace(/"\d{4}-\d\d-\d\dT[^"]*"|(?<=:)\d{13}\b/g, 'time')
      .replace(/(bulk_id"+:)"?\d+"?/g, '$1id')
      // A bytea in JSON follows bytea_output.
      .replace(/(?<="body":)"[^"]*"/g, 'bytes')
      // In a sentence for people, a time is written as the session writes times.
      .replace(/(until|cancelled at) [^,;]+/g, '$1 then')
      .replace(/(event|stream|consumer)_01\w{24}/g, (id) => (scene.ids.includes(id) ? id : 'new'))
  )
}
