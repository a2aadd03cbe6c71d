import type { ClientBase } from 'pg'

/** A function or procedure, as the catalog has it. */
export interface Routine {
  name: string
  procedure: boolean
  /** What one who has executed `kanthorq_grant` has to have said: viewer, operator; or owner, to whom nothing is granted. */
  level: string
  /** The type that it returns, if not by columns. */
  result: string
  /** Whether it returns any number of rows. */
  rows: boolean
  parameters: Parameter[]
  comment: string
}

/** What goes in, what comes out, or both. */
export interface Parameter {
  name: string
  type: string
  in: boolean
  out: boolean
  default: string | null
}

/** A column of a composite type. */
export interface Column {
  name: string
  type: string
  comment: string | null
}

/** All that can be called: not the internal functions, whose names begin with an underscore. */
export async function routinesOf(client: ClientBase): Promise<Routine[]> {
  const { rows } = await client.query<Routine>(`
    select p.proname as name, p.prokind = 'p' as procedure, l.level, format_type(p.prorettype, null) as result,
      p.proretset as rows, obj_description(p.oid, 'pg_proc') as comment,
      coalesce((
        select json_agg(
          json_build_object(
            'name', a.name, 'type', format_type(a.type, null), 'in', coalesce(a.mode in ('i', 'b'), true),
            'out', coalesce(a.mode in ('o', 'b', 't'), false), 'default', pg_get_function_arg_default(p.oid, a.n::integer)
          )
          order by a.n
        )
        from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[]), p.proargnames, p.proargmodes)
          with ordinality a (type, name, mode, n)
      ), '[]') as parameters
    from pg_proc p left join _kanthorq_function_levels() l on l.name = p.proname
    where p.pronamespace = 'public'::regnamespace and p.proname ~ '^kanthorq_'
    order by p.proname`)
  return rows
}

/** The columns of a composite type. */
export async function columnsOf(client: ClientBase, type: string): Promise<Column[]> {
  const { rows } = await client.query<Column>(
    `select a.attname as name, format_type(a.atttypid, a.atttypmod) as type, col_description(a.attrelid, a.attnum) as comment
     from pg_attribute a where a.attrelid = $1::regclass and a.attnum > 0 and not a.attisdropped order by a.attnum`,
    [type],
  )
  return rows
}

/** What the comment on a composite type says. */
export async function commentOf(client: ClientBase, type: string): Promise<string> {
  const { rows } = await client.query<{ comment: string | null }>(
    "select obj_description($1::regtype, 'pg_type') as comment",
    [type],
  )
  return rows[0]?.comment ?? ''
}
