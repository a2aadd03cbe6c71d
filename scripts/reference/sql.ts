import { readdirSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { ClientBase } from 'pg'
import { functionsFolder } from '../migrations/function-files.ts'
import { makePage, type Page } from './page.ts'

/** The folders of db/functions, in the order of the reference; what is internal is not in it. */
const sections: Readonly<Record<string, string>> = {
  transitions: 'Move tasks by their ids',
  bulk: 'Move all tasks that a filter matches',
  looking: 'Look',
  queue: 'Work of KanthorQ',
  upkeep: 'Upkeep',
  rights: 'Rights',
  types: 'Types',
}

/** Something that can be called, or a composite type. */
interface Described {
  name: string
  signature: string
  comment: string
}

/**
 * The reference of the SQL API: what the catalog says about each function, in the section of its file's folder.
 *
 * @param client - connected to a database with everything installed in its schema public
 * @throws Error for a function whose file is in no section
 */
export async function sqlPage(client: ClientBase): Promise<Page> {
  const folders = new Map(
    readdirSync(functionsFolder, { recursive: true, encoding: 'utf8' }).map((file) => [
      basename(file, '.sql'),
      basename(dirname(file)),
    ]),
  )
  const all = await describedIn(client)
  const sectionOf = ({ name, signature }: Described) => (signature.startsWith('type ') ? 'types' : (folders.get(name) ?? ''))
  const homeless = all.find((each) => !(sectionOf(each) in sections))
  if (homeless) throw new Error(`${homeless.name} has no section: add its folder to scripts/reference/sql.ts`)
  return makePage(
    'sql',
    Object.entries(sections).flatMap(([folder, title]) => [
      `## ${title}`,
      ...all
        .filter((each) => sectionOf(each) === folder)
        .map(({ name, signature, comment }) => `### ${name}\n\n\`\`\`text\n${signature}\n\n${comment}\n\`\`\``),
    ]),
  )
}

/** All functions, procedures and composite types of the API; the names of internal ones begin with an underscore. */
export async function describedIn(client: ClientBase): Promise<Described[]> {
  const { rows } = await client.query<Described>(`
    select p.proname as name, obj_description(p.oid, 'pg_proc') as comment,
      format(
        E'%s %s(%s)%s\nfor the %s', case p.prokind when 'p' then 'procedure' else 'function' end, p.proname,
        pg_get_function_arguments(p.oid), E'\nreturns ' || pg_get_function_result(p.oid), coalesce(l.level, 'owner')
      ) as signature
    from pg_proc p left join _kanthorq_function_levels() l on l.name = p.proname
    where p.pronamespace = 'public'::regnamespace and p.proname ~ '^kanthorq_'
    union all
    select relname, obj_description(reltype, 'pg_type'),
      format(E'type %s\n%s', relname, (
        select string_agg(
          format('  %s  %s%s', attname, format_type(atttypid, atttypmod), '  -- ' || col_description(attrelid, attnum)),
          E'\n' order by attnum
        )
        from pg_attribute where attrelid = c.oid and attnum > 0 and not attisdropped
      ))
    from pg_class c
    where relnamespace = 'public'::regnamespace and relkind = 'c' and relname ~ '^kanthorq_'
    order by name`)
  return rows.map((row) => ({ ...row, signature: brief(row.signature) }))
}

/** Without the casts of defaults, and folded. */
function brief(signature: string): string {
  return signature
    .replace(/ DEFAULT (\S+?)::[a-z ]+(\[\])?(?=[,)])/g, ' DEFAULT $1')
    .replaceAll('timestamp with time zone', 'timestamptz')
    .replace(/\b(DEFAULT|NULL|IN|OUT|INOUT|TABLE)\b/g, (word) => word.toLowerCase())
    .replace(/(?=.{101}).{1,96}, /g, (line) => `${line.trimEnd()}\n  `)
}
