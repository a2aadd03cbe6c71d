import { isDeepStrictEqual } from 'node:util'
import type { TestDatabase } from '../support/database.ts'
import { callText, type Arguments, type Parameter, type Routine } from './hostile-calls.ts'
import type { Complaint } from './hostile-judge.ts'
import type { HostileScene } from './hostile-scene.ts'
import { only } from '../support/scene.ts'

type Row = Readonly<Record<string, unknown>>

/** What is wrong with the rows that a call returned. */
export async function wrongResult(
  db: TestDatabase,
  scene: HostileScene,
  routine: Routine,
  args: Arguments,
  rows: readonly Row[],
): Promise<Complaint> {
  const check = checks[routine.name]
  if (check === undefined) return `nobody has said what ${routine.name} should return`
  const [expected, got] = await check({ db, scene, args, rows })
  return isDeepStrictEqual(got, expected)
    ? undefined
    : `${JSON.stringify(got).slice(0, 500)} is not ${JSON.stringify(expected).slice(0, 500)}`
}

interface Call {
  db: TestDatabase
  scene: HostileScene
  args: Arguments
  rows: readonly Row[]
}

/** What a call should have returned, and what it did. */
type Check = (call: Call) => Comparison | Promise<Comparison>
type Comparison = [expected: unknown, got: unknown]

const transition =
  (...kinds: string[]): Check =>
  async ({ db, scene, args, rows }) => {
    const ids = await distinctIds(db, args)
    const taken = new Set(kinds.flatMap((kind) => scene.tasks[kind] ?? []))
    return [
      [{ updated: ids.filter((id) => taken.has(id)), noop: ids.filter((id) => !taken.has(id)) }],
      rows.map(({ updated, noop }) => ({ updated, noop })),
    ]
  }

/** A call in batches counts what it did. */
const counted: Check = async ({ db, rows }) => {
  const { n } = only(
    await db.owner.query<{ n: string }>('select cardinality(hostile.logged())::text as n'),
  )
  return [[n], rows.map(({ updated }) => updated)]
}

/** A register call returns the row of the registry. */
const registered =
  (registry: string): Check =>
  async ({ db, args, rows }) => {
    const sql = `select * from ${registry} where name = (${args['name'] ?? 'null'})::text`
    return [(await db.owner.query<Row>(sql)).rows, rows]
  }

/** After a grant or a revoke the role has as many functions as its level. */
const granted: Check = async ({ db, args }) => {
  const { expected, got } = only(
    await db.owner.query<{ expected: string; got: string }>(
      `select count(*) filter (where l.level in ('viewer', ${args['level'] ?? 'null'}) and $1) as expected,
         count(*) filter (where has_function_privilege((${args['role'] ?? 'null'})::text, p.oid, 'execute')) as got
       from _kanthorq_function_levels() l join pg_proc p on p.proname = l.name`,
      [args['level'] !== undefined],
    ),
  )
  return [expected, got]
}

const checks: Readonly<Record<string, Check>> = {
  kanthorq_task_cancel: transition('pending', 'available', 'retryable'),
  kanthorq_task_resume: transition('discarded', 'cancelled', 'undoable'),
  kanthorq_task_discard: transition('stuck'),
  kanthorq_task_undo: ({ scene, rows }) => [[{ updated: scene.tasks['undoable'], noop: [] }], rows],
  kanthorq_task_all: counted,
  kanthorq_task_batch: counted,
  kanthorq_task_cancel_all: counted,
  kanthorq_task_discard_all: counted,
  kanthorq_task_resume_all: counted,
  kanthorq_task_explain: async ({ db, args, rows }) => [
    await distinctIds(db, args),
    rows.map((row) => row['event_id']),
  ],
  kanthorq_task_convert: async ({ db, scene, args, rows }) => [
    (await distinctIds(db, args)).filter((id) => id === scene.event),
    rows.map((row) => row['event_id']),
  ],
  kanthorq_task_find: ({ scene, rows }) => {
    const known = new Set(Object.values(scene.tasks).flat())
    return [[], rows.filter((row) => !known.has(String(row['event_id'])))]
  },
  // As many as a find with the same filter gives.
  kanthorq_task_count: async ({ db, args, rows }) => {
    const find = { name: 'kanthorq_task_find', procedure: false, stable: true, parameters: filter }
    const found = await db.owner.query(callText(find, { ...args, max_tasks: '1000' }))
    return [[String(found.rows.length)], rows.map((row) => row['kanthorq_task_count'])]
  },
  kanthorq_task_stats: ({ scene, rows }) => [
    Object.values(scene.tasks).flat().length,
    rows.reduce((sum, row) => sum + Number(row['tasks']), 0),
  ],
  kanthorq_task_operations: ({ scene, rows }) => [
    rows.map(() => scene.tasks['undoable']),
    rows.map((row) => row['event_ids']),
  ],
  kanthorq_task_operation_purge: async ({ db, rows }) => {
    const { gone } = only(
      await db.owner.query<{ gone: string }>(
        'select 1 - count(*) as gone from kanthorq_task_operation',
      ),
    )
    return [[gone], rows.map((row) => row['kanthorq_task_operation_purge'])]
  },
  kanthorq_stream_publish: async ({ db, rows }) => {
    const { rows: stored } = await db.owner.query<Row>('select hostile.published() as id')
    return [stored.map(({ id }) => id), rows.map((row) => row['kanthorq_stream_publish'])]
  },
  kanthorq_stream_register: registered('kanthorq_stream_registry'),
  kanthorq_consumer_register: registered('kanthorq_consumer_registry'),
  kanthorq_grant: granted,
  kanthorq_revoke: granted,
  kanthorq_doctor: ({ rows }) => [[], rows.filter((row) => row['severity'] === 'error')],
}

const filter: readonly Parameter[] = [
  ...['consumer', 'subject', 'error'].map((name) => ({ name, type: 'text', optional: true })),
  { name: 'states', type: 'text[]', optional: true },
  { name: 'metadata', type: 'jsonb', optional: true },
  { name: 'created_after', type: 'timestamp with time zone', optional: true },
  { name: 'created_before', type: 'timestamp with time zone', optional: true },
  { name: 'max_tasks', type: 'integer', optional: true },
]

async function distinctIds(db: TestDatabase, args: Arguments): Promise<string[]> {
  const sql = `select hostile.distinct_ids((${args['event_ids'] ?? 'null'})::text[]) as ids`
  return only(await db.owner.query<{ ids: string[] }>(sql)).ids
}
