import type pg from 'pg'

export interface Parameter {
  readonly name: string
  /** With its schema, such as `pg_catalog.int8`, so that it means the same under any search_path. */
  readonly type: string
  readonly optional: boolean
  /** Of a composite type. */
  readonly fields: readonly Pick<Parameter, 'name' | 'type'>[] | null
}

/** A function or procedure of the API, as the catalog has it. */
export interface Routine {
  readonly name: string
  /** The beginning of a call: `select * from` or `call`, and the name with its schema. */
  readonly call: string
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
  const { rows } = await look.query<Routine>(
    `with type as (
      select oid, format('%s.%I', typnamespace::regnamespace, typname) as name, typrelid from pg_type
    )
    select p.proname as name, l.level, p.provolatile = 's' as stable,
      case p.prokind when 'p' then 'call' else 'select * from' end || format(' %I.%I', $1::text, p.proname) as call,
      array(
        select json_build_object(
          'name', a.name, 'type', t.name, 'optional', a.n > p.pronargs - p.pronargdefaults,
          'fields', (
            select json_agg(json_build_object('name', f.attname, 'type', ft.name) order by f.attnum)
            from pg_attribute f join type ft on ft.oid = f.atttypid where f.attrelid = t.typrelid
          )
        )
        from unnest(p.proargtypes::oid[], p.proargnames[:p.pronargs]) with ordinality a (type, name, n)
        join type t on t.oid = a.type
        order by a.n
      ) as parameters
    from pg_proc p left join ${schema}._kanthorq_function_levels() l on l.name = p.proname
    where p.pronamespace = $1::text::regnamespace and p.proname ~ '^kanthorq_'
    order by p.proname`,
    [schema],
  )
  return rows
}

/** The SQL text of a call. It means the same under any search_path. */
export function callText({ call, parameters }: Routine, args: Arguments) {
  const list = parameters
    .filter(({ name }) => args[name] !== undefined)
    .map(({ name, type }) => `${name} => (${args[name] ?? ''})::${type}`)
  return `${call}(${list.join(', ')})`
}

/** A value for each parameter that has no default. Each function takes them where there is a consumer `send_email`. */
const usualValues: Arguments = {
  action: "'resume'",
  before: "'2100-01-01'",
  bodies: "'{body}'",
  body: "'body'",
  bulk_id: '1',
  consumer: "'send_email'",
  errors: "'{x}'",
  event_id: "'event_unknown'",
  event_ids: "'{event_unknown}'",
  finished_before: "'2100-01-01'",
  level: "'operator'",
  name: "'other'",
  operation_id: '1',
  role: "'pg_monitor'",
  stream: "'send_email_stream'",
  subject: "'order-eu.created'",
  subject_includes: "'{>}'",
  subjects: "'{order-eu.created}'",
}

/** Optional, but without the one nothing is done, and without the other all at once. */
const inBatches: Arguments = { everything: 'true', batch_size: '5' }

/** The arguments that a routine needs, and those of its optional ones that are in `more`. */
export function argumentsFor({ parameters }: Routine, values: Arguments = {}, more: Arguments = {}): Arguments {
  const needed: Arguments = { ...usualValues, ...values }
  const extra: Arguments = { ...inBatches, ...more }
  return Object.fromEntries(
    parameters
      .map(({ name, optional }) => [name, optional ? extra[name] : (needed[name] ?? 'null')])
      .filter(([, value]) => value !== undefined),
  ) as Arguments
}
