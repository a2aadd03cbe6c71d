import type pg from 'pg'
import { byName, byType, huge } from './hostile-values.ts'

export interface Parameter {
  readonly name: string
  /** As format_type() writes it. */
  readonly type: string
  readonly optional: boolean
}

/** A function or procedure of the API, as the catalog has it. */
export interface Routine {
  readonly name: string
  readonly procedure: boolean
  /** Whether it says of itself that it changes nothing. */
  readonly stable: boolean
  readonly parameters: readonly Parameter[]
}

/** What is passed to a routine: SQL expressions by parameter name. What is left out has its default. */
export type Arguments = Readonly<Record<string, string>>

/** All functions and procedures of the API, so that none that is new is forgotten. */
export async function publicRoutines(look: pg.Pool): Promise<Routine[]> {
  const { rows } = await look.query<Routine>(`
    select p.proname as name, p.prokind = 'p' as procedure, p.provolatile = 's' as stable,
      coalesce((
        select json_agg(
          json_build_object('name', a.name, 'type', format_type(a.type, null), 'optional', a.n > p.pronargs - p.pronargdefaults)
          order by a.n
        )
        from unnest(p.proargtypes::oid[], p.proargnames[1:p.pronargs]) with ordinality a (type, name, n)
      ), '[]') as parameters
    from pg_proc p
    where p.pronamespace = 'public'::regnamespace and p.proname ~ '^kanthorq_'
    order by p.proname`)
  return rows
}

/** The hostile values for a parameter, null among them. Fails for a type that nobody has thought about. */
export function hostileValues({ name, type }: Parameter): readonly string[] {
  const values = byType[type]
  if (values === undefined) throw new Error(`no hostile values of type ${type}, for ${name}`)
  return ['null', ...values, ...(byName[name] ?? [])]
}

/** 10 MB for a parameter of this type, in several ways. */
export function hugeValues({ type }: Parameter): readonly string[] {
  return huge[type] ?? []
}

/** The SQL text of a call. It means the same under any search_path. */
export function callText({ name, procedure, parameters }: Routine, args: Arguments): string {
  const list = parameters
    .filter((parameter) => args[parameter.name] !== undefined)
    .map(({ name, type }) => `${name} => (${args[name] ?? ''})::${qualified(type)}`)
  return `${procedure ? 'call' : 'select * from'} public.${name}(${list.join(', ')})`
}

/** The names of other types are keywords. */
function qualified(type: string): string {
  return /^(text|jsonb|bytea)/.test(type) ? `pg_catalog.${type}` : type
}
