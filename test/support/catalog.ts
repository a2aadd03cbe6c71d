import type { ClientBase } from 'pg'

/** What a schema holds: the definition of each object, by its kind and name. */
export type Catalog = Record<string, string>

/**
 * Takes the catalog of a schema, of everything in it that has a definition, an owner, grants or a comment.
 *
 * The schema's name is written `kanthorq_schema` throughout, so that equal installations in different schemas have equal
 * catalogs. NOT NULL is left to the columns: only PostgreSQL 18 has constraints of that kind.
 *
 * @param client - connected, and not in a transaction; its search_path is left as it was
 */
export async function catalog(client: ClientBase, schema = 'public'): Promise<Catalog> {
  // What is visible is printed without its schema. With nothing visible, it does not matter who looks.
  await client.query('begin; set local search_path to pg_catalog')
  try {
    const { rows } = await client.query<{ key: string; value: string }>(objects, [schema])
    return Object.fromEntries(rows.map(({ key, value }) => [key, value]))
  } finally {
    await client.query('rollback')
  }
}

/** The objects of one catalog whose kind and name match, or do not match, a pattern. */
export function only(catalog: Catalog, pattern: RegExp, wanted = true): Catalog {
  return Object.fromEntries(Object.entries(catalog).filter(([key]) => pattern.test(key) === wanted))
}

/** A catalog but for the migrations table. */
export function withoutMigrationsTable(catalog: Catalog): Catalog {
  return only(catalog, /\bkanthorq_migrations/, false)
}

/** Grants that were never changed are null in the catalog, and print as the defaults that they are. */
const grants = (acl: string, kind: string, owner: string) =>
  `(select string_agg(a::text, ' ' order by a::text) from unnest(coalesce(${acl}, acldefault(${kind}, ${owner}))) a)`

const objects = `
  with relations as (
    select * from pg_class where relnamespace = (select oid from pg_namespace where nspname = $1)
  ), objects (kind, name, definition) as (
    select
      case relkind when 'r' then 'table' when 'S' then 'sequence' else 'relation ' || relkind::text end,
      relname::text,
      concat_ws(
        ' | ', pg_get_userbyid(relowner), relpersistence, reloptions::text, obj_description(oid, 'pg_class'),
        ${grants('relacl', `case relkind when 'S' then 's' else 'r' end::"char"`, 'relowner')}, seqtypid::regtype, seqstart, seqincrement, seqmax, seqmin, seqcache, seqcycle
      )
    from relations left join pg_sequence on seqrelid = oid
    where relkind not in ('i', 'I')
    union all
    select
      'column', concat_ws('.', relname, lpad(attnum::text, 2, '0'), attname),
      concat_ws(
        ' | ', format_type(atttypid, atttypmod), case when attnotnull then 'not null' end, pg_get_expr(adbin, adrelid),
        nullif(attidentity, ''), nullif(attgenerated, ''), attacl::text, col_description(attrelid, attnum)
      )
    from relations r join pg_attribute a on attrelid = r.oid and attnum > 0 and not attisdropped
    left join pg_attrdef on adrelid = attrelid and adnum = attnum
    where relkind in ('r', 'p', 'v', 'm', 'c')
    union all
    select 'constraint', relname || '.' || conname, pg_get_constraintdef(c.oid)
    from relations r join pg_constraint c on conrelid = r.oid and contype <> 'n'
    union all
    select 'index', relname, concat_ws(' | ', pg_get_indexdef(oid), obj_description(oid, 'pg_class'))
    from relations where relkind in ('i', 'I')
    union all
    select 'trigger', relname || '.' || tgname, pg_get_triggerdef(t.oid)
    from relations r join pg_trigger t on tgrelid = r.oid and not tgisinternal
    union all
    select 'view', relname, pg_get_viewdef(oid) from relations where relkind in ('v', 'm')
    union all
    select 'type', t.typname, concat_ws(' | ', t.typtype, format_type(t.typbasetype, t.typtypmod), t.typdefault)
    from pg_type t join pg_namespace n on n.oid = typnamespace
    where nspname = $1 and typtype not in ('b', 'c')
    union all
    select
      case prokind when 'p' then 'procedure' when 'f' then 'function' else 'routine ' || prokind::text end,
      format('%s(%s)', proname, pg_get_function_identity_arguments(p.oid)),
      concat_ws(
        E'\\n', pg_get_functiondef(p.oid), pg_get_userbyid(proowner), ${grants('proacl', "'f'", 'proowner')},
        obj_description(p.oid, 'pg_proc')
      )
    from pg_proc p join pg_namespace n on n.oid = pronamespace
    where nspname = $1 and prokind in ('f', 'p')
  )
  select
    replace(kind || ' ' || name, quote_ident($1) || '.', 'kanthorq_schema.') as key,
    replace(
      replace(definition, quote_ident($1) || '.', 'kanthorq_schema.'),
      quote_literal(quote_ident($1)) || '::regnamespace', '''kanthorq_schema''::regnamespace'
    ) as value
  from objects
  order by 1`
