import type pg from 'pg'

/** A call of a function or procedure of the API. */
export interface FunctionCall {
  name: string
  /** Whether it is declared to change something. */
  isVolatile: boolean
  sql: string
}

/** A call of each function of the API, as the database lists them, with the arguments that have no default. */
export async function callEach(
  client: Pick<pg.ClientBase, 'query'>,
  given: { consumer: string; stream: string; ids: string[]; operationId: string },
): Promise<FunctionCall[]> {
  const values: Readonly<Record<string, string>> = {
    action: "'cancel'",
    before: "'2000-01-01'",
    bodies: "'{x}'",
    body: "''",
    bulk_id: given.operationId,
    consumer: `'${given.consumer}'`,
    errors: `'{${given.ids.map(() => 'x').join()}}'`,
    event_id: `'${given.ids[0] ?? ''}'`,
    event_ids: `'{${given.ids.join()}}'`,
    everything: 'true',
    finished_before: "'2000-01-01'",
    level: "'operator'",
    name: "'new'",
    operation_id: given.operationId,
    role: "'viewer'",
    stream: `'${given.stream}'`,
    subject: "'order.created'",
    subject_includes: "'{>}'",
    subjects: "'{order.created}'",
  }
  const { rows } = await client.query<{
    name: string
    is_volatile: boolean
    is_procedure: boolean
    parameters: string[]
  }>(
    `select proname as name, provolatile = 'v' as is_volatile, prokind = 'p' as is_procedure,
       array(
         select a.name from unnest(proargnames, proargmodes) with ordinality a (name, mode, n)
         where coalesce(a.mode, 'i') in ('i', 'b')
         order by a.n limit pronargs - pronargdefaults
       ) || array(select name from unnest(proargnames) name where name = 'everything') as parameters
     from pg_proc where pronamespace = 'public'::regnamespace and proname ~ '^kanthorq_' order by 1`,
  )
  return rows.map(({ name, is_volatile, is_procedure, parameters }) => {
    const args = parameters.map((parameter) => {
      const value = values[parameter]
      if (value === undefined) throw new Error(`${name}: there is no value for ${parameter}`)
      return `${parameter} => ${value}`
    })
    const call = `public.${name}(${args.join(', ')})`
    const sql = is_procedure ? `call ${call}` : `select to_jsonb(r) as row from ${call} r`
    return { name, isVolatile: is_volatile, sql }
  })
}
