import type { ClientBase } from 'pg'
import { code, makePage, table, type Page } from './page.ts'
import { columnsOf, commentOf, routinesOf, type Parameter, type Routine } from './sql-catalog.ts'
import { columns, parseComment, type Entry } from './sql-comment.ts'
import { groups } from './sql-groups.ts'

/** The type of the rows that several functions return. */
const taskType = 'kanthorq_task'

/**
 * The reference of the SQL API, from what the catalog says about its functions.
 *
 * @param client - connected to a database with everything installed in its schema public
 * @throws Error for a function that is in no group, and for one in a group that is not there
 */
export async function sqlPage(client: ClientBase): Promise<Page> {
  const routines = new Map((await routinesOf(client)).map((routine) => [routine.name, routine]))
  const grouped = new Set(groups.flatMap((group) => group.functions))
  const homeless = [...routines.keys()].filter((name) => !grouped.has(name))
  if (homeless.length > 0)
    throw new Error(`${homeless.join()} is in no group: add it to scripts/reference/sql-groups.ts`)

  const names = new Set([...routines.keys(), taskType])
  const sections = groups.flatMap(({ title, functions }) => [
    `## ${title}`,
    ...functions.flatMap((name) => {
      const routine = routines.get(name)
      if (routine === undefined)
        throw new Error(`there is no ${name}: take it out of scripts/reference/sql-groups.ts`)
      return describe(routine, linker(names, name))
    }),
  ])
  return makePage('sql', [...sections, ...(await typeSection(client, linker(names, taskType)))])
}

type Prose = (text: string) => string

function describe(routine: Routine, prose: Prose): string[] {
  const { lead, entries, rest } = parseComment(routine.comment)
  const take = (name: string) => {
    const index = entries.findIndex((entry) => entry.name === name)
    return index < 0 ? '' : prose((entries.splice(index, 1) as [Entry])[0].text)
  }
  // A procedure gives its result by a parameter, which nobody has to name in a call.
  const ins = routine.parameters.filter((each) => each.in && !(each.out && routine.procedure))
  const outs = routine.parameters.filter((each) => each.out)
  const inTable = table(
    ['parameter', 'type', 'default', ''],
    ins.map((each) => [
      code(each.name),
      code(typeOf(each)),
      code(defaultOf(each)),
      take(each.name),
    ]),
  )
  const outTable = table(
    ['column', 'type', ''],
    outs.map((each) => [code(each.name), code(typeOf(each)), take(each.name)]),
  )
  const body = rest.flatMap((part) => (part === columns ? outTable.splice(0) : [prose(part)]))
  return [
    `### ${routine.name}`,
    prose(lead),
    kindOf(routine, outs, prose),
    ...inTable,
    ...body,
    ...outTable,
  ]
}

/** What it is, and who may call it. */
function kindOf(
  { name, procedure, result, rows, level }: Routine,
  outs: Parameter[],
  prose: Prose,
): string {
  const some = rows ? 'rows' : 'one row'
  const returned =
    outs.length > 0
      ? some
      : result.startsWith('kanthorq_')
        ? `${some} of ${prose(result)}`
        : code(result)
  const kind = procedure
    ? `A procedure: \`call ${name}(…)\``
    : `A function that returns ${returned === '`void`' ? 'nothing' : returned}`
  const who = { viewer: 'viewers and operators', operator: 'operators' }[level] ?? 'the owner only'
  return `${kind}; for ${who}.`
}

async function typeSection(client: ClientBase, prose: Prose): Promise<string[]> {
  const rows = (await columnsOf(client, taskType)).map(({ name, type, comment }) => [
    code(name),
    code(shortType(type)),
    prose(comment ?? ''),
  ])
  return [
    '## The type of a task',
    `### ${taskType}`,
    prose(await commentOf(client, taskType)),
    ...table(['column', 'type', ''], rows),
  ]
}

function typeOf({ type }: Parameter): string {
  return shortType(type)
}

function shortType(type: string): string {
  return type.replace('timestamp with time zone', 'timestamptz')
}

/** Without the cast that the catalog adds. */
function defaultOf(parameter: Parameter): string {
  return parameter.default?.replace(/::[a-z ]+(\[\])?$/, '').replace(/^NULL$/, 'null') ?? ''
}

/** Makes text of a comment safe in Markdown, and the names of other functions in it links. */
function linker(names: ReadonlySet<string>, self: string): Prose {
  return (text) =>
    text
      .replace(/[*|]|(?<!\w)_/g, '\\$&')
      .replace(/(^|\. )Raises /, (_, before: string) => `${before}**Raises** `)
      .replace(/\bkanthorq_\w+\b/g, (name) =>
        names.has(name) && name !== self ? `[\`${name}\`](#${name})` : code(name),
      )
}
