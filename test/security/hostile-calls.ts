import type pg from 'pg'
import { byName, byType, huge } from './hostile-values.ts'

export interface Parameter {
  readonly name: string
  /** As format_type() writes it; a composite type with its schema. */
  readonly type: string
  readonly optional: boolean
  /** Of a composite type. */
  readonly fields: readonly Pick<Parameter, 'name' | 'type'>[] | null
}

/** A function or procedure of the API, as the catalog has it. */
export interface Routine {
  readonly schema: string
  readonly name: string
  readonly procedure: boolean
  /** Whether it says of itself that it changes nothing. */
  readonly stable: boolean
  /** Who may call it, according to `_kanthorq_function_levels()`. */
  readonly level: string
  readonly parameters: readonly Parameter[]
}

/** What is passed to a routine: SQL expressions by parameter name. What is left out has its default. */
export type Arguments = Readonly<Record<string, string>>

/** All functions and procedures of the API. */
export async function publicRoutines(look: pg.Pool | pg.ClientBase, schema = 'public') {
  const typeName = (oid: string) => `(
    select case t.typtype when 'c' then format('%s.%I', t.typnamespace::regnamespace, t.typname) else format_type(t.oid, null) end
    from pg_type t where t.oid = ${oid}
  )`
  const { rows } = await look.query<Routine>(
    `select $1::text as schema, p.proname as name, p.prokind = 'p' as procedure, p.provolatile = 's' as stable, l.level,
      coalesce((
        select json_agg(
          json_build_object(
            'name', a.name, 'type', ${typeName('a.type')}, 'optional', a.n > p.pronargs - p.pronargdefaults,
            'fields', (
              select json_agg(json_build_object('name', f.attname, 'type', ${typeName('f.atttypid')}) order by f.attnum)
              from pg_type t join pg_attribute f on f.attrelid = t.typrelid and f.attnum > 0 and not f.attisdropped
              where t.oid = a.type
            )
          )
          order by a.n
        )
        from unnest(p.proargtypes::oid[], p.proargnames[1:p.pronargs]) with ordinality a (type, name, n)
      ), '[]') as parameters
    from pg_proc p left join ${schema}._kanthorq_function_levels() l on l.name = p.proname
    where p.pronamespace = $1::text::regnamespace and p.proname ~ '^kanthorq_'
    order by p.proname`,
    [schema],
  )
  return rows
}

/** The hostile values for a parameter, null among them. A composite value has one hostile field. */
export function hostileValues({ name, type, fields }: Parameter): readonly string[] {
  const values =
    fields?.flatMap((field) =>
      (byType[field.type] ?? []).map((value) => {
        const row = fields.map((other) => (other === field ? `(${value})` : 'null'))
        return `row(${row.map((text, n) => `${text}::${qualified(fields[n]?.type ?? '')}`).join(', ')})`
      }),
    ) ?? byType[type]
  return ['null', ...(values ?? []), ...(byName[name] ?? [])]
}

/** 10 MB for a parameter of this type, in several ways. */
export function hugeValues({ type }: Parameter): readonly string[] {
  return huge[type] ?? []
}

/** The SQL text of a call. It means the same under any search_path. */
export function callText({ schema, name, procedure, parameters }: Routine, args: Arguments) {
  const list = parameters
    .filter((parameter) => args[parameter.name] !== undefined)
    .map(({ name, type }) => `${name} => (${args[name] ?? ''})::${qualified(type)}`)
  return `${procedure ? 'call' : 'select * from'} ${schema}.${name}(${list.join(', ')})`
}

/** The names of other types are keywords. */
function qualified(type: string): string {
  return /^(text|jsonb|bytea)/.test(type) ? `pg_catalog.${type}` : type
}

/** Values by the name of a parameter, with which a function does something where tasks of `send_email` are there. */
export const usualValues: Arguments = {
  ...Object.fromEntries(
    ['states', 'metadata', 'error', 'created_after', 'created_before']
      .concat('max_tasks', 'pause', 'reason', 'schedule_at', 'reset_attempts', 'spread')
      .map((name) => [name, 'null']),
  ),
  action: "'cancel'",
  batch_size: '5',
  before: "'2100-01-01'",
  body: "'body'",
  bulk_id: '1',
  consumer: "'send_email'",
  event_ids: "'{event_unknown}'",
  everything: 'true',
  level: "'operator'",
  name: "'other'",
  operation_id: '1',
  role: "'pg_monitor'",
  stream: "'send_email_stream'",
  subject: "'order-eu.created'",
  subject_includes: "'{>}'",
}

/** Values of a type, for required parameters of other names. */
const typicalValues: Arguments = {
  bigint: '1',
  boolean: 'true',
  integer: '1',
  interval: "'1 hour'",
  text: "'pending'",
  'text[]': "'{}'",
  'timestamp with time zone': "'2100-01-01Z'",
}

/** Optional, but without the one nothing is done, and without the other all at once. */
const alsoNeeded = ['everything', 'batch_size']

/** The arguments that a routine needs, and, with `more`, those that it takes besides. */
export function argumentsFor(
  { parameters }: Routine,
  values: Arguments = usualValues,
  more: Arguments = {},
): Arguments {
  return Object.fromEntries(
    parameters.flatMap(({ name, type, optional }) => {
      const needed = !optional || alsoNeeded.includes(name)
      const value =
        more[name] ?? (needed ? (values[name] ?? typicalValues[type] ?? 'null') : undefined)
      return value === undefined ? [] : [[name, value] as const]
    }),
  )
}

/** Whether there is a value by name for each argument that the routine needs, so that it has to accept them. */
export function isUsual({ parameters }: Routine): boolean {
  return parameters.every(({ name, optional }) => optional || name in usualValues)
}
